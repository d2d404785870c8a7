//! The load generator of natter, as a library so that its oracle and its client can be tested and reused.
//!
//! It speaks public protocols and nothing else, Centrifugo's and ChatSDK's REST, so the same run can be aimed at natter or at
//! a peer:
//!
//! - [`client`]: one connection, from address and token to frames and the cheap scan of what arrives;
//! - [`load`]: many connections, in event loops of their own, with a sequence check on every delivery;
//! - [`scenario`]: what a run does, one file per subcommand;
//! - [`oracle`]: pure judgement of an operation log, for runs in which the server is killed;
//! - [`report`]: latency, processes, text and JSON.

pub mod cli;
pub mod client;
pub mod load;
pub mod oracle;
pub mod report;
pub mod scenario;
