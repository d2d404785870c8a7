//! The one suite that every engine passes: a function per promise of [`crate::Store`].
//!
//! [`conformance_suite!`](crate::conformance_suite) makes a test of each. An engine brings a [`Harness`] that opens
//! it on data of its own; a promise panics when it is broken, as a test does.

pub mod deletes;
pub mod duplicates;
pub mod finds;
mod harness;
pub mod logs;
pub mod model;
pub mod races;
pub mod reads;
pub mod rows;
pub mod trims;
pub mod versions;

pub use harness::{Harness, ManualClock, Scene};
#[cfg(test)]
pub(crate) use harness::{append_of, seq_of};

/// Makes one `#[tokio::test]` per promise; the argument is an expression that makes a fresh
/// [`Harness`](crate::conformance::Harness).
#[macro_export]
macro_rules! conformance_suite {
    ($harness:expr) => {
        $crate::conformance_suite!(@logs $harness;
            opening_keeps_the_first_epoch, head_is_told_without_opening, numbering_survives_reopening, appends_are_dense, wrong_offset_conflicts,
            refused_appends_leave_nothing, append_needs_an_opened_log, malformed_appends_are_refused,
            publications_come_back_whole, closed_store_refuses);
        $crate::conformance_suite!(@duplicates $harness;
            repeat_answers_the_first_position, repeat_of_a_later_record, repeat_within_one_append,
            repeat_survives_reopening, repeat_survives_trimming, keys_belong_to_their_channel, keys_expire,
            a_conflict_comes_before_a_repeat);
        $crate::conformance_suite!(@reads $harness;
            forward_reads_are_bounded, backward_reads_are_bounded, reads_are_bounded_in_bytes, empty_ranges_read_empty, channels_do_not_mix,
            tenants_do_not_mix);
        $crate::conformance_suite!(@trims $harness;
            trim_forgets_and_keeps_numbering, trim_everything, trim_never_goes_back, trim_survives_reopening,
            trim_of_a_long_log);
        $crate::conformance_suite!(@versions $harness;
            the_newest_version_is_told, a_version_outlives_its_event, a_version_is_found_far_behind,
            refused_appends_leave_no_version);
        $crate::conformance_suite!(@finds $harness;
            only_messages_have_numbers, finds_survive_reopening, forgotten_events_are_not_found,
            ids_belong_to_their_channel, refused_appends_leave_no_ids, finds_agree_with_a_model);
        $crate::conformance_suite!(@deletes $harness;
            deleted_log_is_gone, writers_of_a_deleted_log_are_refused, successor_begins_empty,
            deletion_survives_reopening, long_log_is_deleted_whole);
        $crate::conformance_suite!(@rows $harness;
            row_is_created_changed_and_deleted, stale_versions_conflict, row_may_come_again,
            versions_are_never_used_again, unconditional_rows, rows_are_isolated, scans_are_ordered_and_paged,
            scans_are_bounded_in_bytes, rows_survive_reopening, one_of_many_writers_wins);
        $crate::conformance_suite!(@races $harness;
            contended_appends_leave_no_gap, channels_grow_side_by_side, heavy_events_all_arrive);
        $crate::conformance_suite!(@model $harness; behaves_like_the_model);
    };
    (@$group:ident $harness:expr; $($promise:ident),+) => {
        mod $group {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    $crate::conformance::$group::$promise(&$harness).await;
                }
            )+
        }
    };
}
