//! Mails: what is told to people who have no connection.

mod message;

pub use message::Mail;
