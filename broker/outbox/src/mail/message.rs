//! What is mailed.

use bytes::Bytes;
use natter_core::TenantId;
use serde::{Deserialize, Serialize};

use crate::queue::{Job, JobKind};

/// All mails go through one server, so they share its slots.
const HOST: &str = "mail";

/// A mail in plain text, from the node's own address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Mail {
    /// The recipient's address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The text, with any line ends.
    pub text: String,
}

impl Mail {
    /// The job that sends it.
    pub fn into_job(self, tenant: TenantId) -> Job {
        // Three texts always make a JSON object.
        let payload = serde_json::to_vec(&self).map(Bytes::from).unwrap_or_default();
        Job { tenant, kind: JobKind::Mail, order_key: None, host: HOST.to_owned(), payload }
    }
}
