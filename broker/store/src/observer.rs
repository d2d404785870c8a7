//! What the store tells about its work, so that a node can export it. This crate knows no metrics library.

/// A call of the [`Store`](crate::Store) trait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreOperation {
    /// `open_log`
    OpenLog,
    /// `append`
    Append,
    /// `read_log`
    ReadLog,
    /// `log_head`
    LogHead,
    /// `trim_log`
    TrimLog,
    /// `find_by_id`
    FindById,
    /// `find_seq`
    FindSeq,
    /// `delete_log`
    DeleteLog,
    /// `get_row`
    GetRow,
    /// `put_row`
    PutRow,
    /// `delete_row`
    DeleteRow,
    /// `set_row`
    SetRow,
    /// `remove_row`
    RemoveRow,
    /// `scan_rows`
    ScanRows,
}

impl StoreOperation {
    /// The operation as a metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenLog => "open_log",
            Self::Append => "append",
            Self::ReadLog => "read_log",
            Self::LogHead => "log_head",
            Self::TrimLog => "trim_log",
            Self::FindById => "find_by_id",
            Self::FindSeq => "find_seq",
            Self::DeleteLog => "delete_log",
            Self::GetRow => "get_row",
            Self::PutRow => "put_row",
            Self::DeleteRow => "delete_row",
            Self::SetRow => "set_row",
            Self::RemoveRow => "remove_row",
            Self::ScanRows => "scan_rows",
        }
    }
}

/// Is told what a store does. Calls come from the committer and from the store's callers: they must be quick and must not
/// panic.
pub trait StoreObserver: Send + Sync {
    /// A batch with this many log events was written (and synced, with synchronous durability) in this time. In the
    /// embedded store a batch is of many channels; in the CQL store it is what one append of one channel carries.
    fn synced(&self, _events: usize, _seconds: f64) {}

    /// A call has ended, well or not, after this time, waiting included.
    fn operated(&self, _operation: StoreOperation, _seconds: f64) {}
}

/// Listens to nothing.
pub(crate) struct NoObserver;

impl StoreObserver for NoObserver {}

/// How full an embedded store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmbeddedStats {
    /// Calls that wait for the committer.
    pub queued_calls: usize,
    /// Bytes of payload that wait for the committer or are being committed.
    pub queued_bytes: usize,
    /// Bytes of the journal files.
    pub journal_bytes: u64,
    /// Bytes of all files.
    pub disk_bytes: u64,
}
