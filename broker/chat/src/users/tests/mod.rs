//! Users, as plugins see them.

mod deletion;
mod lists;
mod mentions;
mod profiles;
mod tokens;

use crate::model::UserPatch;

/// A patch that names a user.
fn named(name: &str) -> UserPatch {
    UserPatch { name: Some(Some(name.to_owned())), ..UserPatch::default() }
}
