//! Wire formats of natter: bytes to types and back, no I/O.
//!
//! * [`centrifuge`]: the Centrifugo client protocol, JSON and Protobuf.
//! * [`engineio`]: Engine.IO 3 and 4, which Socket.IO rides on.
//! * [`envelope`]: the record that the store keeps and nodes exchange.
//! * [`fossil`]: deltas between successive publications.
//! * [`ids`]: the id of every entity and its two printed forms.
//! * [`socketio`]: Socket.IO 4 and 5.
//! * [`wsframe`]: WebSocket frames of a server.
//!
//! Every reader here takes bytes from anywhere: it never panics, and takes memory in proportion to its input at most.

#![forbid(unsafe_code)]

pub mod centrifuge;
pub mod engineio;
pub mod envelope;
pub mod fossil;
pub mod ids;
pub mod socketio;
pub mod wsframe;
