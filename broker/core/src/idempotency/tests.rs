use std::sync::Arc;

use super::{IdempotencyWindow, KEYS_MAX, WINDOW_MS};

fn key(number: usize) -> Arc<str> {
    number.to_string().into()
}

#[test]
fn a_key_is_known_until_the_window_ends() {
    let mut window = IdempotencyWindow::default();
    window.insert(key(1), 7, 1_000);
    assert_eq!(window.get("1", 1_000 + WINDOW_MS - 1), Some(7));
    assert_eq!(window.get("1", 1_000 + WINDOW_MS), None);
    assert!(window.is_empty());
}

#[test]
fn the_first_result_stays_and_expires_in_its_time() {
    let mut window = IdempotencyWindow::default();
    window.insert(key(1), 7, 0);
    window.insert(key(1), 8, 1_000);
    assert_eq!(window.get("1", 1_000), Some(7));
    window.insert(key(1), 9, WINDOW_MS);
    assert_eq!(window.get("1", WINDOW_MS + 1_000), Some(9), "the first entry's end does not end the second");
}

#[test]
fn the_oldest_keys_make_room() {
    let mut window = IdempotencyWindow::default();
    for number in 0..=KEYS_MAX {
        window.insert(key(number), number as u64, 0);
    }
    assert_eq!(window.offsets.len(), KEYS_MAX);
    assert_eq!(window.expiries.len(), KEYS_MAX);
    assert_eq!(window.get("0", 0), None);
    assert_eq!(window.get(&key(KEYS_MAX), 0), Some(KEYS_MAX as u64));
}
