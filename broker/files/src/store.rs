//! The place of all files: objects in a folder or an object storage, rows in the node's store.

use std::fmt::{self, Debug, Formatter};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use natter_core::TenantId;
use natter_node::config;
use natter_store::{Clock, Store};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use percent_encoding::utf8_percent_encode;
use tokio::sync::Semaphore;

use crate::disposition::SEGMENT;
use crate::error::{FileError, PutError};
use crate::id::FileId;
use crate::meta::StoredFile;
use crate::name::clean_name;
use crate::new_file::NewFile;
use crate::rows;
use crate::upload::{self, Ticket};

/// Uploads at a time; each holds up to two parts in memory.
const UPLOADS_MAX: usize = 256;
/// Bytes of a part in a folder.
const FOLDER_PART_BYTES: usize = 256 * 1024;
/// Bytes of a part in an object storage, the least that S3 takes.
const OBJECT_PART_BYTES: usize = 5 * 1024 * 1024;

/// Where files are. Clones are the same place.
#[derive(Clone)]
pub struct FileStore(pub(crate) Arc<Shelf>);

pub(crate) struct Shelf {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) prefix: Path,
    pub(crate) rows: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) part_bytes: usize,
    public_url: String,
    uploads: Arc<Semaphore>,
}

impl Debug for FileStore {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("FileStore").field(&self.0.objects).finish()
    }
}

impl FileStore {
    /// Opens what `[files]` names: a folder, which is made, or an object storage. `public_url` is the base of the links.
    ///
    /// # Errors
    /// The folder cannot be made, or the URL is none of an object storage.
    pub fn open(
        config: &config::Files,
        public_url: &str,
        rows: Arc<dyn Store>,
        clock: Clock,
    ) -> Result<Self, FileError> {
        let (objects, prefix, part_bytes) = match &config.url {
            Some(url) => object_storage(url, std::env::vars())?,
            None => folder(&config.path)?,
        };
        Ok(Self::at((objects, prefix, part_bytes), public_url, rows, clock))
    }

    fn at((objects, prefix, part_bytes): Place, public_url: &str, rows: Arc<dyn Store>, clock: Clock) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        let uploads = Arc::new(Semaphore::new(UPLOADS_MAX));
        Self(Arc::new(Shelf { objects, prefix, rows, clock, part_bytes, public_url, uploads }))
    }

    /// Takes a file of at most `limit` bytes from a stream, under a new id and the type of its content.
    ///
    /// It is deleted again unless it is [kept](NewFile::keep). When this fails, or its future is dropped, nothing is left.
    ///
    /// # Errors
    /// The stream's own error, `TooLarge` as soon as the limit is passed, or the storage's failure.
    pub async fn put<E>(
        &self,
        tenant: &TenantId,
        stream: impl Stream<Item = Result<Bytes, E>>,
        name: &str,
        limit: u64,
    ) -> Result<NewFile, PutError<E>> {
        let permit = Arc::clone(&self.0.uploads).try_acquire_owned().map_err(|_| FileError::Busy)?;
        let id = FileId::random()?;
        let ticket = Ticket { id, tenant: tenant.clone(), name: clean_name(name), permit };
        upload::run(self, ticket, stream, limit).await
    }

    /// Finds a file.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn get(&self, id: FileId) -> Result<Option<StoredFile>, FileError> {
        Ok(rows::get(self.0.rows.as_ref(), id).await?)
    }

    /// Deletes a file; one that is not there is deleted already.
    ///
    /// # Errors
    /// The store or the storage cannot be reached. The file is not found any more once its row is gone.
    pub async fn delete(&self, id: FileId) -> Result<(), FileError> {
        let Some(file) = self.get(id).await? else { return Ok(()) };
        rows::remove(self.0.rows.as_ref(), id).await?;
        self.0.remove_object(&file.tenant, id).await
    }

    /// The bytes of a file, or a part of them, as they come from the storage.
    ///
    /// # Errors
    /// The storage cannot be reached, or has lost the object.
    pub async fn read(
        &self,
        file: &StoredFile,
        part: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes, FileError>>, FileError> {
        let options = GetOptions { range: part.map(GetRange::Bounded), ..GetOptions::default() };
        let found = self.0.objects.get_opts(&self.0.object(&file.tenant, file.id), options).await?;
        Ok(found.into_stream().map(|chunk| chunk.map_err(FileError::from)).boxed())
    }

    /// The file's absolute URL.
    pub fn url(&self, file: &StoredFile) -> String {
        format!("{}/files/{}/{}", self.0.public_url, file.id, utf8_percent_encode(&file.name, SEGMENT))
    }

    /// The id in a URL that [`FileStore::url`] made; `None` for any other URL.
    pub fn id_in_url(&self, url: &str) -> Option<FileId> {
        let path = url.strip_prefix(self.0.public_url.as_str())?.strip_prefix("/files/")?;
        FileId::parse(path.split_once('/')?.0)
    }
}

impl Shelf {
    /// Where the object of a file is. Only our own id and the tenant's checked name are parts of it.
    pub(crate) fn object(&self, tenant: &TenantId, id: FileId) -> Path {
        let id = id.to_string();
        let parts = [tenant.as_str(), &id[..2], &id];
        parts.into_iter().fold(self.prefix.clone(), |path, part| path.join(part))
    }

    pub(crate) async fn remove_object(&self, tenant: &TenantId, id: FileId) -> Result<(), FileError> {
        match self.objects.delete(&self.object(tenant, id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

type Place = (Arc<dyn ObjectStore>, Path, usize);

fn folder(path: &std::path::Path) -> Result<Place, FileError> {
    let wrong = |error: &dyn fmt::Display| FileError::Configuration(format!("files.path: {}: {error}", path.display()));
    std::fs::create_dir_all(path).map_err(|error| wrong(&error))?;
    let objects = LocalFileSystem::new_with_prefix(path).map_err(|error| wrong(&error))?;
    // What is acknowledged with a file must still have it after a power failure.
    Ok((Arc::new(objects.with_fsync(true)), Path::default(), FOLDER_PART_BYTES))
}

/// Credentials, region and endpoint come from the variables that every S3 client reads (`AWS_…`).
fn object_storage(url: &str, variables: impl Iterator<Item = (String, String)>) -> Result<Place, FileError> {
    let wrong = |error: object_store::Error| FileError::Configuration(format!("files.url: {error}"));
    let settings = variables.filter(|(name, _)| name.starts_with("AWS_")).filter_map(|(name, value)| {
        let key = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>().ok()?;
        Some((key, value))
    });
    let builder = settings.fold(AmazonS3Builder::new(), |builder, (key, value)| builder.with_config(key, value));
    let objects = builder.with_url(url).build().map_err(wrong)?;
    let prefix = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, prefix)| prefix);
    Ok((Arc::new(objects), Path::from(prefix), OBJECT_PART_BYTES))
}

#[cfg(test)]
mod s3_tests;
#[cfg(test)]
mod tests;
