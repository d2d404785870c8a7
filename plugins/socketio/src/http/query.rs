//! The parameters of a request that mean something to Engine.IO.

use natter_protocol::engineio::{Revision, jsonp};

/// The transport that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransportName {
    Polling,
    WebSocket,
}

/// A request's parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// `EIO`; `None` when it is missing or names no revision that is spoken.
    pub(super) revision: Option<Revision>,
    /// `transport`; `None` when it is missing or unknown.
    pub(super) transport: Option<TransportName>,
    /// `sid`.
    pub(super) sid: Option<String>,
    /// `b64`: the client takes no bytes.
    pub(super) is_base64: bool,
    /// `j`: answers are scripts that call this callback.
    pub(super) jsonp: Option<String>,
}

impl Query {
    /// Reads a query; of a repeated parameter the first counts. One that is malformed says nothing.
    pub(super) fn of(text: &str) -> Self {
        let mut query = Self::default();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(text).unwrap_or_default();
        for (name, value) in pairs.into_iter().rev() {
            match name.as_str() {
                "EIO" => query.revision = Revision::parse(&value),
                "transport" => query.transport = transport(&value),
                "sid" => query.sid = Some(value),
                "b64" => query.is_base64 = !value.is_empty(),
                "j" => query.jsonp = Some(jsonp::index(&value)),
                _ => {}
            }
        }
        query
    }
}

fn transport(name: &str) -> Option<TransportName> {
    match name {
        "polling" => Some(TransportName::Polling),
        "websocket" => Some(TransportName::WebSocket),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_read_and_the_rest_ignored() {
        let query = Query::of("EIO=4&transport=polling&t=abc&sid=a-b_c&token=x");
        let expected = Query {
            revision: Some(Revision::V4),
            transport: Some(TransportName::Polling),
            sid: Some("a-b_c".to_owned()),
            ..Query::default()
        };
        assert_eq!(query, expected);
        assert_eq!(Query::of("EIO=3&b64=1&j=0").jsonp.as_deref(), Some("0"));
        assert!(Query::of("EIO=3&b64=1").is_base64);
        for text in ["", "EIO=5", "EIO=abc", "EIO=", "%zz"] {
            assert_eq!(Query::of(text).revision, None, "{text}");
        }
        assert_eq!(Query::of("EIO=4&EIO=3").revision, Some(Revision::V4));
    }
}
