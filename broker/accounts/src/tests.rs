//! Accounts over a store in memory, with a clock that a test moves.

mod bench;
mod families;
mod passwords;
mod sign_in;
mod throttling;
