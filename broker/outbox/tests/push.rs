//! Push notifications against local stand-ins, which refuse what the real providers would refuse.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

#[path = "push/apns.rs"]
mod apns;
#[path = "push/expo.rs"]
mod expo;
#[path = "push/fcm.rs"]
mod fcm;
#[path = "push/novu.rs"]
mod novu;
#[path = "push/support.rs"]
mod support;
