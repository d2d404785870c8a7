//! Devices that notifications are pushed to.
//!
//! A user's devices are one row. Who has a token is a row of its own, and the last word: a device whose token meanwhile
//! belongs to another one is not pushed to, even while its entry has not been removed yet.

use futures_util::{StreamExt, TryStreamExt, stream};
use natter_core::{EntityId, TenantId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::model::{Device, NewDevice, Platform, Provider};
use crate::rows::Table;

/// A user's devices, the last registered one at the end: partition the user.
const DEVICES: Table<Vec<Device>> = Table::new("chat_devices");
/// Who has a token: partition its hash with platform and provider.
const TOKENS: Table<Holder> = Table::new("chat_device_tokens");
/// Devices of a user; the one that was registered longest ago makes room.
const DEVICES_MAX: usize = 50;
const TOKEN_BYTES_MAX: usize = 4_096;
const DEVICE_ID_MAX: usize = 128;
const APP_VERSION_MAX: usize = 64;

/// The device that a token leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    user: String,
    device: EntityId,
}

impl Chat {
    /// Registers a device. A token that another device has moves to this one; the same token, or the same id of the
    /// client's, is the same device. True when the user did not have it.
    ///
    /// # Errors
    /// A field's value cannot be taken.
    pub async fn register_device(
        &self,
        tenant: &TenantId,
        user: &str,
        new: NewDevice,
    ) -> Result<(Device, bool), ChatError> {
        check(&new)?;
        let (now_ms, id) = (self.now_ms(), self.new_id());
        let mut outgoing = Vec::new();
        let written = DEVICES.update(self.store(), tenant, user, "", |known| {
            let mut devices = known.cloned().unwrap_or_default();
            outgoing = enter(&mut devices, &new, id, now_ms);
            Ok::<_, ChatError>(Some(devices))
        });
        let devices = written.await?.map(|row| row.value).unwrap_or_default();
        let device = devices.into_iter().next_back().ok_or(ChatError::Internal)?;
        self.claim_token(tenant, user, &device).await?;
        for old in &outgoing {
            self.release_token(tenant, user, old).await?;
        }
        let is_new = device.id == id;
        Ok((device, is_new))
    }

    /// A user's devices, the last registered one first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn devices_of(&self, tenant: &TenantId, user: &str) -> Result<Vec<Device>, ChatError> {
        let entered = DEVICES.get(self.store(), tenant, user, "").await?.map(|row| row.value).unwrap_or_default();
        let held = stream::iter(entered.into_iter().rev()).map(async |device| {
            let holder = TOKENS.get(self.store(), tenant, &key_of(&device), "").await?;
            let is_held = holder.is_some_and(|holder| holder.value.device == device.id && holder.value.user == user);
            Ok::<_, ChatError>(is_held.then_some(device))
        });
        let held: Vec<Option<Device>> = held.buffered(DEVICES_MAX).boxed().try_collect().await?;
        Ok(held.into_iter().flatten().collect())
    }

    /// Removes a user's device, by our id in either form or by the client's own.
    ///
    /// # Errors
    /// [`Missing::Device`].
    pub async fn unregister_device(&self, tenant: &TenantId, user: &str, name: &str) -> Result<Device, ChatError> {
        let id = EntityId::parse_uuid(name).or_else(|| EntityId::parse_hex(name));
        let is_meant = |device: &Device| Some(device.id) == id || device.device_id.as_deref() == Some(name);
        let gone = self.drop_devices(tenant, user, is_meant).await?;
        gone.into_iter().next().ok_or(ChatError::NotFound(Missing::Device))
    }

    /// Removes the devices that have a token which the provider says is dead. Answers with their number.
    ///
    /// # Errors
    /// The store fails.
    pub async fn remove_dead_token(
        &self,
        tenant: &TenantId,
        provider: Provider,
        token: &str,
    ) -> Result<usize, ChatError> {
        let mut gone = 0;
        for platform in Platform::ALL {
            let holder = TOKENS.get(self.store(), tenant, &token_key(platform, provider, token), "").await?;
            if let Some(Holder { user, device }) = holder.map(|holder| holder.value) {
                gone +=
                    self.drop_devices(tenant, &user, |known| known.id == device && known.token == token).await?.len();
            }
        }
        Ok(gone)
    }

    /// Removes a deleted user's devices.
    pub(crate) async fn remove_devices(&self, tenant: &TenantId, user: &str) -> Result<(), ChatError> {
        self.drop_devices(tenant, user, |_| true).await?;
        DEVICES.delete_if(self.store(), tenant, user, "", Vec::is_empty).await.map(|_| ())
    }

    async fn drop_devices(
        &self,
        tenant: &TenantId,
        user: &str,
        is_to_go: impl Fn(&Device) -> bool,
    ) -> Result<Vec<Device>, ChatError> {
        let mut gone = Vec::new();
        let written = DEVICES.update(self.store(), tenant, user, "", |known| {
            let (going, kept) = known.into_iter().flatten().cloned().partition::<Vec<_>, _>(&is_to_go);
            gone = going;
            Ok::<_, ChatError>((!gone.is_empty()).then_some(kept))
        });
        written.await?;
        for device in &gone {
            self.release_token(tenant, user, device).await?;
        }
        Ok(gone)
    }

    /// Makes a device the one that has its token, and takes the entry away of the one that had it.
    async fn claim_token(&self, tenant: &TenantId, user: &str, device: &Device) -> Result<(), ChatError> {
        let key = key_of(device);
        let holder = Holder { user: user.to_owned(), device: device.id };
        let mut former = None;
        let claim = TOKENS.update(self.store(), tenant, &key, "", |known| {
            former = known.filter(|known| **known != holder).cloned();
            Ok::<_, ChatError>((known != Some(&holder)).then(|| holder.clone()))
        });
        claim.await?;
        let Some(former) = former else { return Ok(()) };
        let is_same = |known: &Device| known.id == former.device && key_of(known) == key;
        let removal = DEVICES.update(self.store(), tenant, &former.user, "", |known| {
            let kept: Vec<_> = known.into_iter().flatten().filter(|known| !is_same(known)).cloned().collect();
            Ok::<_, ChatError>((known.map_or(0, Vec::len) != kept.len()).then_some(kept))
        });
        removal.await.map(|_| ())
    }

    async fn release_token(&self, tenant: &TenantId, user: &str, device: &Device) -> Result<(), ChatError> {
        let is_ours = |holder: &Holder| holder.device == device.id && holder.user == user;
        TOKENS.delete_if(self.store(), tenant, &key_of(device), "", is_ours).await.map(|_| ())
    }
}

/// Enters a device at the end of a user's devices. Answers with what has lost its token or its place by it.
fn enter(devices: &mut Vec<Device>, new: &NewDevice, id: EntityId, now_ms: i64) -> Vec<Device> {
    let key = token_key(new.platform, new.provider, &new.token);
    let is_same = |known: &Device| key_of(known) == key || new.device_id.is_some() && known.device_id == new.device_id;
    let (same, others) = std::mem::take(devices).into_iter().partition::<Vec<_>, _>(is_same);
    let (id, created_at) = same.first().map_or((id, now_ms), |known| (known.id, known.created_at));
    let mut outgoing: Vec<_> = same.into_iter().filter(|known| key_of(known) != key).collect();
    *devices = others;
    let surplus = (devices.len() + 1).saturating_sub(DEVICES_MAX);
    outgoing.extend(devices.drain(..surplus));
    devices.push(Device {
        id,
        platform: new.platform,
        provider: new.provider,
        token: new.token.clone(),
        device_id: new.device_id.clone(),
        app_version: new.app_version.clone(),
        created_at,
        registered_at: now_ms,
    });
    outgoing
}

fn check(new: &NewDevice) -> Result<(), ChatError> {
    let is_plain = |text: &str| !text.chars().any(|character| character.is_whitespace() || character.is_control());
    let within = |text: Option<&String>, max: usize| {
        text.is_none_or(|text| (1..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control))
    };
    if !(1..=TOKEN_BYTES_MAX).contains(&new.token.len()) || !is_plain(&new.token) {
        return Err(ChatError::invalid("token", "1 to 4096 bytes without white space"));
    }
    if !within(new.device_id.as_ref(), DEVICE_ID_MAX) {
        return Err(ChatError::invalid("deviceId", "1 to 128 characters"));
    }
    if !within(new.app_version.as_ref(), APP_VERSION_MAX) {
        return Err(ChatError::invalid("appVersion", "1 to 64 characters"));
    }
    Ok(())
}

fn key_of(device: &Device) -> String {
    token_key(device.platform, device.provider, &device.token)
}

/// Tokens can be longer than a row's key: it holds their hash.
fn token_key(platform: Platform, provider: Provider, token: &str) -> String {
    let hash = Sha256::digest(token.as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}:{}:{hash}", platform.as_str(), provider.as_str())
}

#[cfg(test)]
mod tests;
