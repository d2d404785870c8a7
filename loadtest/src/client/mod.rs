//! One connection to a server: address, token, handshake, frames, and reading replies without parsing more than is needed.

pub mod address;
pub mod chatsdk;
pub mod clock;
pub mod descriptors;
pub mod frame;
pub mod http;
pub mod marker;
pub mod receive;
pub mod scan;
pub mod session;
pub mod token;
pub mod wire;
