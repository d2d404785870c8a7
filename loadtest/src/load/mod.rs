//! Many connections at once: event loops that read or publish, and the checks on every delivery.
//!
//! Subscribers live on worker threads, each with one event queue, one read buffer and no task per connection; publishers
//! live on a thread of their own, so that a fixed rate is kept while deliveries are read. A [`run::Load`] ties them together.

pub mod checker;
pub mod connection;
pub mod open;
pub mod outstanding;
pub mod pace;
pub mod plan;
pub mod publish;
pub mod publisher;
pub mod publishing;
pub mod run;
pub mod shared;
pub mod worker;
