//! The files of a chat, by what they are: rows that follow its messages, whoever sends them.

use natter_chat::rows::Table;
use natter_chat::{Attachment, ChatError, Message};
use natter_core::{EntityId, TenantId};
use serde::{Deserialize, Serialize};

use super::sent::{FileExtra, file_view, place_of};
use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::Answer;
use crate::shapes::message::{
    CampusFile, CampusFiles, CampusFilesQuery, CampusListedFile, CampusMediaType, TAG_DEFAULT,
};
use crate::shapes::value::{CampusId, CampusTime};

/// Files: partition the chat and what they are, row the place, the newest first.
const FILES: Table<FileRow> = Table::new("campus_files");
/// Files of one kind in one chat that are listed.
const FILES_MAX: usize = 100_000;
/// Files of one message.
const OF_MESSAGE_MAX: usize = 10;
/// Rows that are removed side by side.
const CLEARED_AT_ONCE: usize = 256;

/// A file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct FileRow {
    /// Its sender by the 24 digits.
    user: String,
    message: EntityId,
    /// Unix milliseconds.
    at: i64,
    tag: String,
    file: CampusFile,
    /// Whether it was uploaded with its message, and goes with it.
    uploaded: bool,
}

impl Campus {
    /// Files of one of the caller's chats, the newest first.
    ///
    /// # Errors
    /// 400, 403, 404.
    pub(crate) async fn files_of(&self, caller: &Caller, id: &str, query: CampusFilesQuery) -> Answer<CampusFiles> {
        let (overview, _) = self.own(caller, id).await?;
        let chat = overview.channel.id;
        let tag = query.tag.as_deref().unwrap_or(TAG_DEFAULT);
        let rows = FILES.all(self.store(), caller.tenant(), &partition(chat, query.kind), FILES_MAX).await?;
        let matching: Vec<FileRow> = rows.into_iter().map(|(_, row)| row.value).filter(|row| row.tag == tag).collect();
        let count = matching.len();
        let page = matching.into_iter().skip(query.page.offset(query.limit.get())).take(query.limit.get());
        let files = page.map(|row| CampusListedFile {
            id: row.file.id.clone(),
            user: row.user,
            chat: CampusId(chat),
            at: CampusTime(row.at),
            message: row.message.to_hex(),
            file: row.file,
        });
        Ok(CampusFiles { files: files.collect(), count })
    }

    /// Enters the files of a message. May be done twice.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn enter_files(&self, tenant: &TenantId, message: &Message) -> Result<(), ChatError> {
        for (index, attachment) in message.attachments.iter().enumerate().take(OF_MESSAGE_MAX) {
            let (kind, tag) = place_of(attachment);
            let row = FileRow {
                user: message.sender.entity.to_hex(),
                message: message.id,
                at: message.created_at,
                tag,
                file: file_view(message.id, index, attachment),
                uploaded: is_uploaded(attachment),
            };
            let partition = partition(message.channel, kind);
            FILES.set(self.store(), tenant, &partition, &row_name(message.seq, index), &row).await?;
        }
        Ok(())
    }

    /// Removes the files of a message that is deleted.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn remove_files_of(&self, tenant: &TenantId, chat: EntityId, seq: u64) -> Result<(), ChatError> {
        for kind in CampusMediaType::ALL {
            let partition = partition(chat, kind);
            for index in 0..OF_MESSAGE_MAX {
                let row = row_name(seq, index);
                let Some(found) = FILES.get(self.store(), tenant, &partition, &row).await? else { continue };
                FILES.remove(self.store(), tenant, &partition, &row).await?;
                self.remove_object(tenant, &found.value).await;
            }
        }
        Ok(())
    }

    /// Removes the files of a chat that is gone.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn remove_files(&self, tenant: &TenantId, chat: EntityId) -> Result<(), ChatError> {
        for kind in CampusMediaType::ALL {
            let partition = partition(chat, kind);
            for (_, row) in FILES.all(self.store(), tenant, &partition, FILES_MAX).await? {
                self.remove_object(tenant, &row.value).await;
            }
            FILES.clear(self.store(), tenant, &partition, CLEARED_AT_ONCE).await?;
        }
        Ok(())
    }

    /// A file that a message only names may be somebody else's and stays.
    async fn remove_object(&self, tenant: &TenantId, row: &FileRow) {
        if row.uploaded {
            let id = self.rest().files().id_in_url(&row.file.url);
            self.delete_file(tenant, id.map(|id| id.to_string()).as_deref()).await;
        }
    }
}

fn is_uploaded(attachment: &Attachment) -> bool {
    FileExtra::of(attachment).is_some_and(|extra| extra.uploaded)
}

fn partition(chat: EntityId, kind: CampusMediaType) -> String {
    format!("{}/{}", chat.to_hex(), kind.as_str())
}

/// Sorts the newest message first; within a message, in order.
fn row_name(seq: u64, index: usize) -> String {
    format!("{:016x}-{index:02}", u64::MAX - seq)
}
