//! Reading, sending and having read messages.

use axum::extract::{FromRequest, Request};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_chat::{Attachment, Cursor, Entry, Message, NewMessage};
use natter_rest::{IdempotencyKey, Json, Rejection, Upload, UploadRules, is_multipart};

use super::AT_ONCE;
use super::extra::{allows_public_post, is_admin, is_group};
use super::sent::{linked, uploaded};
use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, CampusDialect, Problem};
use crate::shapes::message::{CampusMessage, CampusMessages, CampusMessagesQuery, CampusNewMessage};
use crate::shapes::participant::{CampusLastRead, last_read_at};
use crate::shapes::value::CampusId;

const FILES: &str = "files";
/// Files of a message.
const FILES_MAX: usize = 10;
/// Characters of a tag.
const TAG_MAX: usize = 100;
/// Bytes of a cover's URL.
const COVER_BYTES_MAX: usize = 2_048;

impl Campus {
    /// Messages of one of the caller's chats, the oldest first.
    ///
    /// # Errors
    /// 400, 403, 404.
    pub(crate) async fn messages(
        &self,
        caller: &Caller,
        id: &str,
        query: CampusMessagesQuery,
    ) -> Answer<CampusMessages> {
        let (overview, _) = self.own(caller, id).await?;
        let cursor = match (&query.before, &query.after) {
            (None, None) => Cursor::Newest,
            (Some(before), None) => Cursor::Before(CampusId::read("before", before)?),
            (None, Some(after)) => Cursor::After(CampusId::read("after", after)?),
            (Some(_), Some(_)) => return Err(Problem::invalid("after", "cannot stand beside before")),
        };
        let (tenant, channel) = (caller.tenant(), overview.channel.id);
        let page = self.chat().messages(tenant, caller.id(), channel, cursor, query.limit.get()).await?;
        let messages = page.entries.into_iter().filter_map(|entry| match entry {
            Entry::Message(message) => Some(*message),
            Entry::Deleted { .. } => None,
        });
        let messages: Vec<Message> = messages.collect();
        let views = stream::iter(&messages).map(|message| self.message_view(tenant, message));
        let messages = views.buffered(AT_ONCE).boxed().try_collect().await?;
        Ok(CampusMessages { messages, count: overview.messages })
    }

    /// Sends a message to one of the caller's chats.
    ///
    /// # Errors
    /// 400; 403 where only admins may post and where one of two has blocked the other; 404, 413, 415.
    pub(crate) async fn send(
        &self,
        caller: &Caller,
        id: &str,
        key: Option<IdempotencyKey>,
        request: Request,
    ) -> Answer<CampusMessage> {
        let (overview, own) = self.own(caller, id).await?;
        let channel = &overview.channel;
        if !allows_public_post(channel) && !is_admin(channel, &own) {
            return Err(Problem::forbidden("Only admins may post in this chat"));
        }
        if !is_group(channel) {
            let members = self.chat().members_unasked(caller.tenant(), channel.id).await?;
            if let Some(other) = members.iter().find(|member| member.user != caller.id()) {
                self.check_blocks(caller, &other.user).await?;
            }
        }
        let (text, attachments, upload) = self.content_of(caller, request).await?;
        let new =
            NewMessage { text, attachments, key: key.map(|key| key.as_str().to_owned()), ..NewMessage::default() };
        let sent = self.chat().send(caller.tenant(), caller.id(), channel.id, new).await?;
        // A repeat is answered with the first message, whose files are other ones.
        if !sent.is_repeat {
            upload.map(Upload::keep);
        }
        self.enter_files(caller.tenant(), &sent.message).await?;
        Ok(self.message_view(caller.tenant(), &sent.message).await?)
    }

    async fn content_of(&self, caller: &Caller, request: Request) -> Answer<(String, Vec<Attachment>, Option<Upload>)> {
        if !is_multipart(request.headers()) {
            let Json(body, ..) = Json::<CampusNewMessage, CampusDialect>::from_request(request, &()).await?;
            check_files(&body)?;
            return Ok((body.text, body.files.into_iter().map(linked).collect(), None));
        }
        let mut rules = UploadRules::new(&[FILES], self.files());
        rules.files_max = rules.files_max.min(FILES_MAX);
        let upload = Upload::read(request, self.rest().files(), caller.tenant(), &rules).await?;
        let text = upload.text("text").unwrap_or_default().to_owned();
        let tag = upload.text("tag").filter(|tag| !tag.is_empty());
        check_tag(tag)?;
        let files = upload.files().map(|file| uploaded(file, self.rest().files().url(file), tag)).collect();
        Ok((text, files, Some(upload)))
    }

    /// Marks a chat as read.
    ///
    /// # Errors
    /// 400, 403, 404.
    pub(crate) async fn read(&self, caller: &Caller, id: &str) -> Answer<CampusLastRead> {
        let (overview, before) = self.own(caller, id).await?;
        let (tenant, channel) = (caller.tenant(), &overview.channel);
        self.chat().mark_read(tenant, caller.id(), channel.id, None).await?;
        let member = self.chat().membership(tenant, caller.id(), channel.id).await?;
        // Of a position that has moved everyone is told by the domain.
        if member.last_read_seq == before.last_read_seq {
            self.emit_read(tenant, channel.id, &member).await?;
        }
        Ok(CampusLastRead { last_read_at: last_read_at(&member) })
    }
}

fn check_files(body: &CampusNewMessage) -> Answer<()> {
    if body.files.len() > FILES_MAX {
        return Err(Rejection::TooLarge { limit: FILES_MAX as u64, what: "files" }.into());
    }
    for (index, file) in body.files.iter().enumerate() {
        let is_link = |url: &str| {
            let url = url::Url::parse(url).ok();
            url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        };
        if !is_link(&file.url) {
            return Err(Problem::invalid(format!("files[{index}].url"), "must be an http or https URL"));
        }
        if file.cover.as_ref().is_some_and(|cover| cover.len() > COVER_BYTES_MAX || !is_link(cover)) {
            return Err(Problem::invalid(format!("files[{index}].cover"), "must be an http or https URL"));
        }
        check_tag(file.tag.as_deref())?;
    }
    Ok(())
}

fn check_tag(tag: Option<&str>) -> Answer<()> {
    match tag.is_none_or(|tag| (1..=TAG_MAX).contains(&tag.chars().count())) {
        true => Ok(()),
        false => Err(Problem::invalid("tag", format!("must have 1 to {TAG_MAX} characters"))),
    }
}
