//! Devices that notifications are pushed to.

use axum::Json as Answered;
use axum::extract::State;
use axum::http::StatusCode;
use natter_rest::{Json, Path};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk};
use crate::shapes::device::{ChatSdkDevice, ChatSdkDevices, ChatSdkNewDevice};
use crate::shapes::error::ChatSdkError;
use crate::shapes::value::ChatSdkSuccess;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_devices, register_device)).routes(routes!(unregister_device))
}

/// Registers a device; one that the caller has already, with 200. A token belongs to whoever registers it last.
#[utoipa::path(post, path = "/api/devices", request_body = ChatSdkNewDevice, security(("apiKey" = [], "token" = [])),
    responses(
    (status = 201, body = ChatSdkDevice),
    (status = 200, body = ChatSdkDevice),
    (status = "default", body = ChatSdkError),
))]
async fn register_device(
    State(api): State<Api>,
    caller: Caller,
    Json(new, ..): Json<ChatSdkNewDevice, ChatSdk>,
) -> Answer<(StatusCode, Answered<ChatSdkDevice>)> {
    let (device, is_new) = api.chat().register_device(caller.tenant(), caller.id(), new.into()).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Answered(device.into())))
}

/// The caller's devices, the last registered one first.
#[utoipa::path(get, path = "/api/devices", security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkDevices), (status = "default", body = ChatSdkError)))]
async fn list_devices(State(api): State<Api>, caller: Caller) -> Answer<Answered<ChatSdkDevices>> {
    let devices = api.chat().devices_of(caller.tenant(), caller.id()).await?;
    Ok(Answered(ChatSdkDevices { devices: devices.into_iter().map(Into::into).collect() }))
}

/// Removes one of the caller's devices, by its id or by the client's own.
#[utoipa::path(delete, path = "/api/devices/{deviceId}", params(("deviceId" = String, Path)),
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkSuccess), (status = "default", body = ChatSdkError)))]
async fn unregister_device(
    State(api): State<Api>,
    caller: Caller,
    Path(device, ..): Path<String, ChatSdk>,
) -> Answer<Answered<ChatSdkSuccess>> {
    api.chat().unregister_device(caller.tenant(), caller.id(), &device).await?;
    Ok(ChatSdkSuccess::json())
}
