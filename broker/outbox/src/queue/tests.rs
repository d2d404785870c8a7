//! The queue as a whole, on the store in memory and in simulated time.

mod bounds;
mod order;
mod repeats;
mod restart;
mod support;
