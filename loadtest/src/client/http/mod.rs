//! HTTP/1.1 over a kept-alive connection, as far as an event loop needs it: requests as bytes, responses cut out of bytes.

pub mod base;
pub mod response;
