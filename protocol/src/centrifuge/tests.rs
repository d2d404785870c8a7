use super::codes::{ClientError, Disconnect, Unsubscribed};

#[test]
fn code_ranges_decide_what_a_client_does() {
    assert!(Disconnect::SHUTDOWN.reconnects() && Disconnect::STATE_INVALIDATED.reconnects());
    assert!(!Disconnect::INVALID_TOKEN.reconnects() && !Disconnect::TOO_MANY_ERRORS.reconnects());
    let reconnects =
        [1000, 1009, 3499, 3500, 3999, 4000, 4499, 4500, 4999].map(|code| Disconnect::new(code, "").reconnects());
    assert_eq!(reconnects, [true, false, true, false, false, true, true, false, false]);
    assert!(!Unsubscribed::SERVER.resubscribes() && Unsubscribed::INSUFFICIENT_STATE.resubscribes());
}

#[test]
fn failed_connects_without_replies_end_in_a_disconnect() {
    assert_eq!(ClientError::TOKEN_EXPIRED.disconnect(), Disconnect::CONNECTION_EXPIRED);
    assert_eq!(ClientError::EXPIRED.disconnect(), Disconnect::CONNECTION_EXPIRED);
    assert_eq!(ClientError::TOO_MANY_REQUESTS.disconnect(), Disconnect::TOO_MANY_REQUESTS);
    assert_eq!(ClientError::PERMISSION_DENIED.disconnect(), Disconnect::PERMISSION_DENIED);
    assert_eq!(ClientError::BAD_REQUEST.disconnect(), Disconnect::INTERNAL);
}
