//! The REST APIs over one domain: each with its routes, its app on sockets, and its part of the work after the answer.
//!
//! A client on sockets is asked by one app after the other whether it is theirs: first those that know their own tokens, then
//! Open Chat, which takes every other opaque token and refuses those that show none, and last campus, which takes every
//! token of a tenant.

use std::sync::Arc;

use anyhow::Context;
use natter_campus::{Campus, CampusParts, CampusPlugin};
use natter_chat::{Chat, FollowUps, Work};
use natter_chatify::{Chatify, ChatifyParts, ChatifyPlugin};
use natter_chatsdk::{ChatSdkParts, ChatSdkPlugin, ChatSdkWebhooks};
use natter_connectnow::{ConnectNow, ConnectNowParts, ConnectNowPlugin};
use natter_node::Broker;
use natter_node::config::Config;
use natter_node::realtime::{Sockets, UserTokens};
use natter_openchat::{Live, OpenChat, OpenChatParts, OpenChatPlugin, PartnerSockets};
use natter_outbox::Outbox;
use natter_outbox::guard::GuardedClient;
use natter_outbox::preview::LinkPreviewer;
use natter_outbox::push::PushSender;
use natter_rest::{Rest, RestPlugin};
use natter_store::{Clock, Store};

use crate::endpoints;

/// What they are made of.
pub(crate) struct ApiParts<'a> {
    pub(crate) config: &'a Config,
    pub(crate) broker: &'a Broker,
    pub(crate) store: &'a Arc<dyn Store>,
    pub(crate) chat: &'a Chat,
    pub(crate) rest: &'a Arc<Rest>,
    pub(crate) outbox: &'a Outbox,
    pub(crate) sockets: &'a Sockets,
    pub(crate) clock: Clock,
}

/// The APIs, and who is told what has happened, in this order.
pub(crate) struct Apis {
    pub(crate) plugins: Vec<Box<dyn RestPlugin>>,
    pub(crate) takers: Vec<Arc<dyn Work>>,
}

impl ApiParts<'_> {
    /// Makes them, and opens their apps on sockets.
    ///
    /// # Errors
    /// A setting that cannot be used.
    pub(crate) fn open(&self) -> anyhow::Result<Apis> {
        let client = endpoints::client(&self.config.webhooks)?;
        let push = PushSender::from_config(&self.config.push, &self.config.webhooks.extra_ca, &self.clock)?;
        let push = Arc::new(push);
        let follow_ups = Arc::new(self.follow_ups(&push)?);
        let connect_now = self.connect_now();
        let chatify = self.chatify()?;
        let partner_sockets = PartnerSockets::new(self.sockets.clone());
        let open_chat = self.open_chat(&client, &partner_sockets);
        endpoints::register(self.outbox, client.clone(), self.chat, &open_chat, Arc::clone(&self.clock));

        let told = ChatSdkWebhooks::new(self.chat.clone(), self.outbox.clone());
        let mut takers: Vec<Arc<dyn Work>> = vec![Arc::new(connect_now.clone())];
        if self.serves("connectnow") {
            self.sockets.register(connect_now.app());
        }
        if self.serves("chatify") {
            self.sockets.register(chatify.app());
            takers.push(Arc::new(chatify.clone()));
        }
        if self.serves("openchat") {
            takers.push(Arc::new(Live::start(self.config, open_chat.clone(), partner_sockets)));
        }
        let campus = self.campus(&follow_ups);
        let tokens = UserTokens::new(self.config, self.broker.clone(), Arc::clone(self.rest.callers().tenants()))?;
        if self.serves("campus") {
            self.sockets.register(natter_campus::app(&campus, tokens.clone()));
        }
        takers.push(Arc::new(campus.clone()));
        // Sockets first: nothing of theirs waits for the outbox.
        takers.extend([follow_ups as Arc<dyn Work>, Arc::new(open_chat.clone()), Arc::new(told)]);
        let chatsdk = ChatSdkParts { chat: self.chat.clone(), rest: Arc::clone(self.rest), push, client };
        let plugins: Vec<Box<dyn RestPlugin>> = vec![
            Box::new(OpenChatPlugin::new(open_chat)),
            Box::new(ChatifyPlugin::new(chatify)),
            Box::new(ConnectNowPlugin::new(connect_now)),
            Box::new(ChatSdkPlugin::new(self.config, chatsdk)),
            Box::new(CampusPlugin::new(campus, tokens)),
        ];
        Ok(Apis { plugins, takers })
    }

    fn serves(&self, plugin: &str) -> bool {
        self.config.listeners.iter().any(|listener| listener.serves(plugin))
    }

    /// Open Chat, whose partners are told what happens by webhooks.
    fn open_chat(&self, client: &GuardedClient, sockets: &PartnerSockets) -> OpenChat {
        let parts = OpenChatParts {
            chat: self.chat.clone(),
            rest: Arc::clone(self.rest),
            store: Arc::clone(self.store),
            outbox: self.outbox.clone(),
            client: client.clone(),
            sockets: Arc::new(sockets.clone()),
            clock: Arc::clone(&self.clock),
        };
        OpenChat::new(self.config, parts)
    }

    /// Chatify, whose tokens open real-time connections.
    fn chatify(&self) -> anyhow::Result<Chatify> {
        let parts = ChatifyParts {
            broker: self.broker.clone(),
            chat: self.chat.clone(),
            rest: Arc::clone(self.rest),
            store: Arc::clone(self.store),
            outbox: self.outbox.clone(),
            clock: Arc::clone(&self.clock),
        };
        Ok(Chatify::new(self.config, parts)?)
    }

    /// Connect Now, whose tokens open real-time connections.
    fn connect_now(&self) -> ConnectNow {
        let parts = ConnectNowParts {
            chat: self.chat.clone(),
            rest: Arc::clone(self.rest),
            store: Arc::clone(self.store),
            outbox: self.outbox.clone(),
            broker: self.broker.clone(),
            sockets: self.sockets.clone(),
            clock: Arc::clone(&self.clock),
        };
        ConnectNow::new(self.config, parts)
    }

    /// The campus communities.
    fn campus(&self, follow_ups: &Arc<FollowUps>) -> Campus {
        let parts = CampusParts {
            chat: self.chat.clone(),
            rest: Arc::clone(self.rest),
            store: Arc::clone(self.store),
            follow_ups: Arc::clone(follow_ups),
            clock: Arc::clone(&self.clock),
        };
        Campus::new(self.config, parts)
    }

    /// Link previews and pushes.
    fn follow_ups(&self, push: &Arc<PushSender>) -> anyhow::Result<FollowUps> {
        let settings = &self.config.link_previews;
        let previewer = settings.enabled.then(|| LinkPreviewer::from_config(settings)).transpose();
        let previewer = previewer.context("links cannot be looked at")?;
        Ok(FollowUps::new(self.chat, self.outbox.clone(), previewer, Arc::clone(push)))
    }
}
