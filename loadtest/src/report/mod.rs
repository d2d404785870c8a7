//! What a run tells: latency, the processes it watched, text for people and JSON for machines.

pub mod hdr;
pub mod json;
pub mod process;
pub mod text;
