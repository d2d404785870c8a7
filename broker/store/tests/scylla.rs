//! The CQL engine passes the suite, against the server that `NATTER_TEST_CQL` names (`host:port`, or several with
//! commas between). `tests/services/cassandra/kit.py` starts one.
#![cfg(feature = "cql-tests")]

mod cql;

use std::sync::Arc;

use async_trait::async_trait;
use natter_core::TenantId;
use natter_store::conformance::Harness;
use natter_store::{ScyllaStore, Store};

struct Cql {
    tenant: TenantId,
}

impl Cql {
    fn new() -> Self {
        Self { tenant: cql::tenant() }
    }
}

#[async_trait]
impl Harness for Cql {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(ScyllaStore::open(cql::options()).await.expect("the server of NATTER_TEST_CQL answers"))
    }

    fn tenant(&self) -> TenantId {
        self.tenant.clone()
    }
}

natter_store::conformance_suite!(Cql::new());
