//! The server that the tests of the CQL engine share, each under a tenant of its own.
#![allow(dead_code, reason = "each test file uses its part")]

use natter_core::TenantId;
use natter_store::ScyllaOptions;
use uuid::Uuid;

/// Where the server is. There is no test without it.
pub(crate) fn contact_points() -> Vec<String> {
    let points = std::env::var("NATTER_TEST_CQL").expect("NATTER_TEST_CQL must name a CQL server, as host:port");
    points.split(',').map(str::to_owned).collect()
}

/// Options for the tests' keyspace, with as many copies as nodes are named.
pub(crate) fn options() -> ScyllaOptions {
    let points = contact_points();
    let copies = u8::try_from(points.len().min(3)).expect("at most 3");
    ScyllaOptions { replication_factor: copies, ..ScyllaOptions::new(points, format!("natter_test_{copies}")) }
}

/// A tenant that nobody else uses.
pub(crate) fn tenant() -> TenantId {
    TenantId::new(Uuid::new_v4().to_string())
}
