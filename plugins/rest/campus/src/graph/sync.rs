//! `PUT /chats-sync`: entering, changing and removing what the backend tells.
//!
//! A call may be repeated: its entries say what is, not what changes. One that fails half-way has done a part of it.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_chat::{ChatError, UserPatch};
use natter_core::TenantId;
use natter_rest::Rejection;
use serde_json::{Map, Value};

use super::{AT_ONCE, EDGES_MAX, Graph, Meet, Reel};
use crate::campus::Campus;
use crate::errors::{Answer, Problem};
use crate::shapes::sync::{
    CampusSync, CampusSyncCounts, CampusSyncDelete, CampusSyncEvent, CampusSyncReel, CampusSyncUser, CampusSynced,
};
use crate::shapes::user::USERNAME;
use crate::shapes::value::CampusId;

/// Entries of one call.
const ENTRIES_MAX: usize = 10_000;
/// Tags of a category.
const TAGS_MAX: usize = 1_000;
/// Characters of a username, and of other texts.
const USERNAME_MAX: usize = 200;
const TEXT_MAX: usize = 5_000;
const HASHTAGS_MAX: usize = 100;

impl Campus {
    /// Takes what a tenant's backend tells.
    ///
    /// # Errors
    /// 413 for too many entries, 400 for a value that cannot be taken.
    pub(crate) async fn sync(&self, tenant: &TenantId, sync: CampusSync) -> Answer<CampusSynced> {
        check(&sync)?;
        let _turn = self.graph().turn(tenant).await;
        let entered = CampusSyncCounts {
            users: sync.users.len(),
            meet_me: sync.meet_me.len(),
            events: sync.events.len(),
            reels: sync.reels.len(),
            tags: sync.tags.len(),
        };
        self.sync_users(tenant, sync.users).await?;
        let graph = self.graph();
        let meets = sync.meet_me.iter().map(|meet| {
            let row = Meet { users: meet.users.map(CampusId::to_hex), status: meet.status };
            async move { graph.set_meet(tenant, &meet.id.to_hex(), &row).await }
        });
        // One after another: a list may name the same thing twice.
        for meet in meets {
            meet.await?;
        }
        for event in sync.events {
            graph.sync_event(tenant, event).await?;
        }
        let now_ms = self.now_ms();
        for (index, reel) in sync.reels.into_iter().enumerate() {
            graph.sync_reel(tenant, reel, index, now_ms).await?;
        }
        for tags in &sync.tags {
            graph.set_tags(tenant, &tags.category, &tags.tags).await?;
        }
        let deleted = match sync.delete {
            Some(delete) => Some(self.sync_deletions(tenant, delete).await?),
            None => None,
        };
        Ok(CampusSynced { entered, deleted })
    }

    async fn sync_users(&self, tenant: &TenantId, users: Vec<CampusSyncUser>) -> Answer<()> {
        let patches = stream::iter(&users).map(|user| self.user_patch(tenant, user));
        let patches: Vec<_> = patches.buffered(AT_ONCE).boxed().try_collect().await?;
        for (index, synced) in self.chat().sync_users(tenant, patches).await.into_iter().enumerate() {
            synced.map_err(|error| match error {
                ChatError::Invalid { field, message } => Problem::invalid(format!("users[{index}].{field}"), message),
                other => other.into(),
            })?;
        }
        let graph = self.graph();
        for user in users {
            let id = user.id.to_hex();
            if let Some(following) = user.following {
                graph.set_follows(tenant, &id, &digits(following)).await?;
            }
            if let Some(blocked) = user.blocked {
                graph.set_blocks(tenant, &id, &digits(blocked)).await?;
            }
            if let Some(score) = user.score {
                graph.set_score(tenant, &id, score).await?;
            }
        }
        Ok(())
    }

    /// A user's id in the domain, and what is to change. The username stands in the tenant's own data of the user.
    async fn user_patch(&self, tenant: &TenantId, user: &CampusSyncUser) -> Result<(String, UserPatch), ChatError> {
        let known = self.chat().user_by_entity(tenant, user.id.0).await?;
        let id = known.as_ref().map_or_else(|| user.id.to_hex(), |known| known.id.clone());
        let custom = user.username.as_ref().map(|username| {
            let mut custom: Map<String, Value> = known.map(|known| known.profile.custom.clone()).unwrap_or_default();
            custom.insert(USERNAME.to_owned(), Value::from(username.as_str()));
            Some(custom)
        });
        let name = user.name.clone().map(Some);
        Ok((id, UserPatch { name, image: user.photo.clone(), custom, ..UserPatch::default() }))
    }

    async fn sync_deletions(&self, tenant: &TenantId, delete: CampusSyncDelete) -> Answer<CampusSyncCounts> {
        let graph = self.graph();
        for id in &delete.users {
            let hex = id.to_hex();
            graph.set_follows(tenant, &hex, &[]).await?;
            graph.set_blocks(tenant, &hex, &[]).await?;
            graph.remove_score(tenant, &hex).await?;
            if let Some(user) = self.chat().user_by_entity(tenant, id.0).await? {
                self.chat().delete_user(tenant, &user.id).await?;
            }
        }
        for id in &delete.meet_me {
            graph.remove_meet(tenant, &id.to_hex()).await?;
        }
        for id in &delete.events {
            graph.remove_event(tenant, &id.to_hex()).await?;
        }
        for id in &delete.reels {
            graph.remove_reel(tenant, &id.to_hex()).await?;
        }
        for category in &delete.tags {
            graph.remove_tags(tenant, category).await?;
        }
        Ok(CampusSyncCounts {
            users: delete.users.len(),
            meet_me: delete.meet_me.len(),
            events: delete.events.len(),
            reels: delete.reels.len(),
            tags: delete.tags.len(),
        })
    }
}

impl Graph {
    async fn sync_event(&self, tenant: &TenantId, event: CampusSyncEvent) -> Answer<()> {
        let id = event.id.to_hex();
        let mut row = self.event(tenant, &id).await?.unwrap_or_default();
        if let Some(chat) = event.chat {
            row.chat = chat.map(CampusId::to_hex);
        }
        set(&mut row.creator, event.creator.map(CampusId::to_hex));
        set(&mut row.name, event.name);
        set(&mut row.starts_at, event.starts_at);
        set(&mut row.ends_at, event.ends_at);
        set(&mut row.active, event.active);
        Ok(self.set_event(tenant, &id, &row).await?)
    }

    async fn sync_reel(&self, tenant: &TenantId, reel: CampusSyncReel, index: usize, now_ms: i64) -> Answer<()> {
        let id = reel.id.to_hex();
        let known = self.reel(tenant, &id).await?;
        if known.is_none() && (reel.user.is_none() || reel.chat.is_none()) {
            let field = if reel.user.is_none() { "user" } else { "chat" };
            return Err(Problem::invalid(format!("reels[{index}].{field}"), "is required"));
        }
        let mut row = known.unwrap_or_else(|| Reel { id, created_at: now_ms, ..Reel::default() });
        let before = row.clone();
        set(&mut row.user, reel.user.map(CampusId::to_hex));
        set(&mut row.chat, reel.chat.map(CampusId::to_hex));
        set(&mut row.description, reel.description);
        set(&mut row.tag, reel.tag);
        set(&mut row.video, reel.video);
        set(&mut row.hashtags, reel.hashtags);
        set(&mut row.is_anonymous, reel.is_anonymous);
        set(&mut row.views, reel.views);
        set(&mut row.likes, reel.likes);
        set(&mut row.super_likes, reel.super_likes);
        set(&mut row.shares, reel.shares);
        set(&mut row.comments, reel.comments);
        if row != before {
            row.updated_at = now_ms;
            self.set_reel(tenant, &row, index).await?;
        }
        Ok(())
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn digits(ids: Option<Vec<CampusId>>) -> Vec<String> {
    ids.unwrap_or_default().into_iter().map(CampusId::to_hex).collect()
}

/// What can be said without looking anything up, before anything is written.
fn check(sync: &CampusSync) -> Answer<()> {
    let deletions = sync.delete.as_ref().map_or(0, |delete| {
        delete.users.len() + delete.meet_me.len() + delete.events.len() + delete.reels.len() + delete.tags.len()
    });
    let entries =
        sync.users.len() + sync.meet_me.len() + sync.events.len() + sync.reels.len() + sync.tags.len() + deletions;
    if entries > ENTRIES_MAX {
        return Err(Rejection::TooLarge { limit: ENTRIES_MAX as u64, what: "entries" }.into());
    }
    for (index, user) in sync.users.iter().enumerate() {
        let at = |field: &str| format!("users[{index}].{field}");
        text(&at("username"), user.username.as_deref(), USERNAME_MAX)?;
        for (field, list) in [("following", &user.following), ("blocked", &user.blocked)] {
            let length = list.iter().flatten().next().map_or(0, Vec::len);
            require(length <= EDGES_MAX, &at(field), || format!("has at most {EDGES_MAX} users"))?;
        }
    }
    for (index, meet) in sync.meet_me.iter().enumerate() {
        let [one, other] = meet.users;
        require(one != other, &format!("meetMe[{index}].users"), || "must be two users".to_owned())?;
    }
    sync.events.iter().enumerate().try_for_each(|(index, event)| check_event(index, event))?;
    sync.reels.iter().enumerate().try_for_each(|(index, reel)| check_reel(index, reel))?;
    for (index, tags) in sync.tags.iter().enumerate() {
        text(&format!("tags[{index}].category"), Some(&tags.category), USERNAME_MAX)?;
        require(tags.tags.len() <= TAGS_MAX, &format!("tags[{index}].tags"), || format!("has at most {TAGS_MAX}"))?;
        for tag in &tags.tags {
            text(&format!("tags[{index}].tags"), Some(&tag.tag), USERNAME_MAX)?;
            text(&format!("tags[{index}].tags"), Some(&tag.label), USERNAME_MAX)?;
        }
    }
    Ok(())
}

fn check_event(index: usize, event: &CampusSyncEvent) -> Answer<()> {
    let at = |field: &str| format!("events[{index}].{field}");
    text(&at("name"), event.name.as_deref(), TEXT_MAX)?;
    for (field, time) in [("startsAt", &event.starts_at), ("endsAt", &event.ends_at)] {
        let time = time.iter().flatten().next();
        let is_time = time.is_none_or(|time| time.parse::<jiff::Timestamp>().is_ok());
        require(is_time, &at(field), || "must be a time in ISO 8601".to_owned())?;
    }
    Ok(())
}

fn check_reel(index: usize, reel: &CampusSyncReel) -> Answer<()> {
    let at = |field: &str| format!("reels[{index}].{field}");
    text(&at("description"), reel.description.as_deref(), TEXT_MAX)?;
    text(&at("tag"), reel.tag.as_deref(), USERNAME_MAX)?;
    text(&at("video"), reel.video.as_deref(), TEXT_MAX)?;
    let hashtags = reel.hashtags.iter().flatten();
    require(hashtags.clone().count() <= HASHTAGS_MAX, &at("hashtags"), || format!("has at most {HASHTAGS_MAX}"))?;
    hashtags.into_iter().try_for_each(|hashtag| text(&at("hashtags"), Some(hashtag), USERNAME_MAX))
}

fn text(field: &str, text: Option<&str>, characters_max: usize) -> Answer<()> {
    let is_short = text.is_none_or(|text| text.chars().count() <= characters_max);
    require(is_short, field, || format!("must have at most {characters_max} characters"))
}

fn require(is_sound: bool, field: &str, message: impl FnOnce() -> String) -> Answer<()> {
    if is_sound { Ok(()) } else { Err(Problem::invalid(field, message())) }
}
