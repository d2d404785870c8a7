//! The parts of a form, one after another, and the digest of all of them.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::BodyDataStream;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use multer::{Constraints, Field, Multipart, SizeLimit};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout_at};

use crate::body::{check_encoding, check_length};
use crate::idempotency::Digest;
use crate::rejection::Rejection;

/// Bytes that may come without a part's head or content coming of them.
const UNCLAIMED_BYTES_MAX: usize = 64 * 1024;
/// Longest silence of a client.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Longest time for a whole form.
const FORM_TIME_MAX: Duration = Duration::from_secs(15 * 60);
/// What is still read of a form that is refused: whoever has nearly sent it hears why, and not that the connection broke.
const REFUSED_BYTES_MAX: usize = 1024 * 1024;
const REFUSED_TIME_MAX: Duration = Duration::from_secs(2);
/// Most parts of a form that is read for its digest only.
const DIGEST_PARTS_MAX: usize = 10_000;
/// Most bytes of a form that is read for its digest only.
const DIGEST_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// Where the digest of a form is left once it has been read to its end; in a request's extensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct DigestSlot(Arc<OnceLock<Digest>>);

impl DigestSlot {
    pub(crate) fn get(&self) -> Option<Digest> {
        self.0.get().copied()
    }
}

/// Reads a form to its end for its digest, which does not depend on the boundary that the client chose.
pub(crate) async fn digest_parts(request: Request) -> Result<Digest, Rejection> {
    let slot = DigestSlot::default();
    let mut request = request;
    request.extensions_mut().insert(slot.clone());
    let mut parts = Parts::new(request, DIGEST_BYTES_MAX)?;
    for _ in 0..DIGEST_PARTS_MAX {
        if parts.next().await?.is_none() {
            return slot.get().ok_or_else(|| Rejection::internal(&"a form was read to its end and has no digest"));
        }
        while parts.chunk().await?.is_some() {}
    }
    Err(Rejection::TooLarge { limit: DIGEST_PARTS_MAX as u64, what: "fields" })
}

/// The head of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The field's name, without the `[]` that some clients add to lists.
    pub(crate) name: String,
    /// What the client calls the file; a text has none.
    pub(crate) file_name: Option<String>,
}

/// A form that is being read.
pub(crate) struct Parts {
    form: Multipart<'static>,
    current: Option<(Field<'static>, Sha256)>,
    unclaimed: Arc<AtomicUsize>,
    digest: Sha256,
    slot: Option<DigestSlot>,
    deadline: Instant,
    bytes_max: u64,
}

impl Parts {
    /// Begins to read a form of at most `bytes_max` bytes, heads included.
    pub(crate) fn new(request: Request, bytes_max: u64) -> Result<Self, Rejection> {
        check_encoding(request.headers())?;
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let Some(Ok(boundary)) = content_type.map(multer::parse_boundary) else {
            return Err(Rejection::UnsupportedMediaType { expected: "multipart/form-data" });
        };
        check_length(request.headers(), bytes_max)?;
        let slot = request.extensions().get::<DigestSlot>().cloned();
        let unclaimed = Arc::new(AtomicUsize::new(0));
        let chunks = PacedBody {
            chunks: request.into_body().into_data_stream(),
            has_just_given: false,
            unclaimed: Arc::clone(&unclaimed),
        };
        let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(bytes_max));
        Ok(Self {
            form: Multipart::with_constraints(chunks, boundary, limits),
            current: None,
            unclaimed,
            digest: Sha256::new(),
            slot,
            deadline: Instant::now() + FORM_TIME_MAX,
            bytes_max,
        })
    }

    /// The next part; what is left of the one before is read over. `None` is the end of the form.
    pub(crate) async fn next(&mut self) -> Result<Option<Head>, Rejection> {
        while self.chunk().await?.is_some() {}
        let field = timeout_at(self.until(), self.form.next_field()).await.map_err(|_| Rejection::BodyTimeout)?;
        self.unclaimed.store(0, Ordering::Relaxed);
        let Some(field) = field.map_err(|error| self.rejection(&error))? else {
            if let Some(slot) = &self.slot {
                // Only the first reading counts, and there is no other.
                let _ = slot.0.set(self.digest.clone().finalize().into());
            }
            return Ok(None);
        };
        let name = field.name().unwrap_or_default();
        let name = name.strip_suffix("[]").unwrap_or(name).to_owned();
        let file_name = field.file_name().map(str::to_owned);
        for text in [&name, file_name.as_deref().unwrap_or_default()] {
            self.digest.update((text.len() as u64).to_be_bytes());
            self.digest.update(text.as_bytes());
        }
        self.current = Some((field, Sha256::new()));
        Ok(Some(Head { name, file_name }))
    }

    /// Reads over what is left of a form that is refused, as far as that is little.
    pub(crate) async fn read_over(mut self) {
        self.slot = None;
        self.deadline = self.deadline.min(Instant::now() + REFUSED_TIME_MAX);
        let mut bytes = 0;
        while bytes < REFUSED_BYTES_MAX {
            match self.chunk().await {
                Ok(Some(chunk)) => bytes += chunk.len(),
                Ok(None) if matches!(self.next().await, Ok(Some(_))) => {}
                _ => return,
            }
        }
    }

    /// The next bytes of the present part; `None` is its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Rejection> {
        let until = self.until();
        let Some((field, digest)) = &mut self.current else { return Ok(None) };
        let chunk = timeout_at(until, field.chunk()).await.map_err(|_| Rejection::BodyTimeout)?;
        self.unclaimed.store(0, Ordering::Relaxed);
        match chunk {
            Ok(Some(chunk)) => {
                digest.update(&chunk);
                Ok(Some(chunk))
            }
            Ok(None) => {
                self.digest.update(digest.clone().finalize());
                self.current = None;
                Ok(None)
            }
            Err(error) => Err(self.rejection(&error)),
        }
    }

    /// The present part as a text of at most `bytes_max` bytes.
    pub(crate) async fn text(&mut self, name: &str, bytes_max: usize) -> Result<String, Rejection> {
        let mut text = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if text.len() + chunk.len() > bytes_max {
                return Err(Rejection::TooLarge { limit: bytes_max as u64, what: "bytes of a text field" });
            }
            text.extend_from_slice(&chunk);
        }
        String::from_utf8(text).map_err(|_| Rejection::invalid(name, "is not UTF-8"))
    }

    fn until(&self) -> Instant {
        self.deadline.min(Instant::now() + SILENCE_MAX)
    }

    fn rejection(&self, error: &multer::Error) -> Rejection {
        use multer::Error::{
            FieldSizeExceeded, IncompleteFieldData, IncompleteHeaders, IncompleteStream, StreamReadFailed,
            StreamSizeExceeded,
        };
        match error {
            StreamSizeExceeded { .. } | FieldSizeExceeded { .. } => {
                Rejection::TooLarge { limit: self.bytes_max, what: "bytes of the body" }
            }
            IncompleteFieldData { .. } | IncompleteHeaders | IncompleteStream | StreamReadFailed(_) => {
                Rejection::InvalidBody("it ended early".to_owned())
            }
            _ => Rejection::InvalidBody("it is no multipart form".to_owned()),
        }
    }
}

/// A body that gives one chunk at a time. The parser takes whatever it can get before it looks at any of it, which is all
/// of the body if the client is fast enough.
struct PacedBody {
    chunks: BodyDataStream,
    has_just_given: bool,
    /// Bytes given since the parser last made something of them.
    unclaimed: Arc<AtomicUsize>,
}

impl Stream for PacedBody {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.has_just_given) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.unclaimed.load(Ordering::Relaxed) > UNCLAIMED_BYTES_MAX {
            return Poll::Ready(Some(Err(io::Error::other("a part's head is too long"))));
        }
        let polled = self.chunks.poll_next_unpin(context);
        if let Poll::Ready(Some(Ok(chunk))) = &polled {
            self.unclaimed.fetch_add(chunk.len(), Ordering::Relaxed);
            self.has_just_given = true;
        }
        polled.map_err(io::Error::other)
    }
}
