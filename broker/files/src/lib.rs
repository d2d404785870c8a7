//! Uploaded files: where they are kept, and how they are served.
//!
//! A file is an object under an id that nobody can guess, and a row that says what it is. The row is written last and
//! deleted first, so that what can be found is whole. An upload belongs to a task of its own: whatever becomes of the
//! request, the task either finishes the file or leaves nothing of it.
//!
//! Nothing that a client says of a file is believed: the type comes from its content, the name is only shown, and the
//! way it is served gives script in it no chance to run.

mod disposition;
mod error;
mod id;
mod meta;
mod name;
mod new_file;
mod range;
mod rows;
mod serve;
mod sniff;
mod store;
mod upload;

#[cfg(test)]
mod testing;

pub use error::{FileError, PutError};
pub use id::FileId;
pub use meta::StoredFile;
pub use name::clean_name;
pub use new_file::NewFile;
pub use serve::routes;
pub use store::FileStore;
