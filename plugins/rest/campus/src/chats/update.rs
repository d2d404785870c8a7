//! `PUT /chats/:id`.

use axum::extract::{FromRequest, Request};
use natter_chat::event::telling;
use natter_chat::{ChannelPatch, Posting};
use natter_files::FileId;
use natter_rest::{Form, Upload, UploadRules, is_multipart};

use super::create::{checked_name, may_restrict};
use super::extra::ChatExtra;
use super::view::Names;
use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, CampusDialect, Problem};
use crate::shapes::chat::{CampusChat, CampusChatPatch};

/// Bytes of a picture: 10 MiB.
const PHOTO_BYTES_MAX: u64 = 10 * 1024 * 1024;
const PHOTO: &str = "photo";

/// A change and the picture that came with it, which is deleted again unless it is kept.
struct Change {
    patch: CampusChatPatch,
    upload: Option<Upload>,
}

impl Campus {
    /// Changes a group chat.
    ///
    /// # Errors
    /// 400 for a chat of two or a wrong value, 403 for who is no admin, 404.
    pub(crate) async fn update(&self, caller: &Caller, id: &str, request: Request) -> Answer<CampusChat> {
        let (overview, _) = self.ruled_group(caller, id).await?;
        let Change { patch, upload } = self.change_of(caller, request).await?;
        let mut extra = ChatExtra::of(&overview.channel);
        let former = extra.photo.clone();
        let mut change = ChannelPatch {
            name: patch.name.as_deref().map(checked_name).transpose()?,
            posting: patch.allow_public_post.map(|all| if all { Posting::Members } else { Posting::Admins }),
            ..ChannelPatch::default()
        };
        if let Some(category) = patch.category {
            self.check_category(&category)?;
            extra.category = Some(category);
        }
        extra.restricted =
            patch.restricted.unwrap_or(extra.restricted) && extra.category.as_deref().is_none_or(may_restrict);
        let photo = upload.and_then(|upload| upload.keep().pop());
        if let Some(photo) = &photo {
            change.image = Some(Some(self.rest().files().url(photo)));
            extra.photo = Some(photo.id.to_string());
        }
        change.extra = extra.into_extra();
        let (tenant, channel) = (caller.tenant(), overview.channel.id);
        let changed = telling(self.chat().change_channel_details(tenant, caller.id(), channel, change)).await;
        let (changed, unused) = match changed {
            Ok(changed) => (Ok(changed), former.filter(|_| photo.is_some())),
            Err(error) => (Err(error), photo.map(|photo| photo.id.to_string())),
        };
        self.delete_file(tenant, unused.as_deref()).await;
        let seen = self.with_members(tenant, changed?).await?;
        self.enter_community(tenant, &seen).await?;
        let socket = patch.socket.as_ref().map(|socket| socket.0.as_str());
        self.emit_updated(tenant, &seen, socket).await?;
        self.shown(tenant, caller.id(), &seen, Names::Creator).await
    }

    async fn change_of(&self, caller: &Caller, request: Request) -> Answer<Change> {
        if !is_multipart(request.headers()) {
            let Form(patch, ..) = Form::<CampusChatPatch, CampusDialect>::from_request(request, &()).await?;
            return Ok(Change { patch, upload: None });
        }
        let rules =
            UploadRules { files_max: 1, file_bytes_max: PHOTO_BYTES_MAX, ..UploadRules::new(&[PHOTO], self.files()) };
        let upload = Upload::read(request, self.rest().files(), caller.tenant(), &rules).await?;
        let is_image = upload.files().all(natter_files::StoredFile::is_raster_image);
        if !is_image {
            return Err(Problem::invalid(PHOTO, "must be an image"));
        }
        Ok(Change { patch: upload.decode()?, upload: Some(upload) })
    }

    /// Deletes a file of a tenant. What cannot be deleted stays as garbage that nothing leads to.
    pub(crate) async fn delete_file(&self, tenant: &natter_core::TenantId, id: Option<&str>) {
        let Some(id) = id.and_then(FileId::parse) else { return };
        let files = self.rest().files();
        let deleted = match files.get(id).await {
            Ok(Some(file)) if file.tenant == *tenant => files.delete(id).await,
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = deleted {
            tracing::warn!(%id, %error, "a file of a chat is not deleted");
        }
    }
}
