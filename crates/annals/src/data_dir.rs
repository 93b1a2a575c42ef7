//! The data directory: where a server keeps everything, and how two servers are kept out of one.
//!
//! It holds `catalog.sqlite` with its companions, the directory `blobs` with the segments, and `serve.lock`, which a running server has locked. Administration
//! takes no lock: the catalog lets several processes write in turn.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use annals_store::{BlobError, Blobs, OpenError, Sqlite, SqliteOptions};

/// The catalog's database.
const CATALOG: &str = "catalog.sqlite";

/// The blob store's directory.
const BLOBS: &str = "blobs";

/// Locked by a running server, and holds its process id. The file stays: removing it would let two servers lock two
/// files of one name.
const LOCK: &str = "serve.lock";

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It is not there and cannot be made.
    #[error("the data directory cannot be created: {}: {source}", path.display())]
    Create {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another server uses it.
    #[error("another server{} uses the data directory {}", holder.map_or_else(String::new, |pid| format!(" (process {pid})")), path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The server's process, if it said so.
        holder: Option<u32>,
    },
    /// The lock cannot be taken.
    #[error("the data directory cannot be locked: {}: {source}", path.display())]
    Lock {
        /// The file of the lock.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The catalog in it cannot be used.
    #[error(transparent)]
    Catalog(#[from] OpenError),
    /// The blobs in it cannot be used.
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

/// The only server of a data directory, until this is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Makes the directory, for its owner alone, unless it is there.
pub fn create(path: &Path) -> Result<(), DataDirError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| DataDirError::Create { path: path.to_owned(), source })
}

/// Makes this process the only server of a data directory, which has to be there.
pub fn lock(path: &Path) -> Result<Lock, DataDirError> {
    let file_path = path.join(LOCK);
    let failed = |source| DataDirError::Lock { path: file_path.clone(), source };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&file_path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(DataDirError::InUse { path: path.to_owned(), holder: pid_in(&mut file) });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    write(&mut file).map_err(failed)?;
    Ok(Lock { _file: file })
}

/// Whether a server uses the data directory, and its process id as far as it is known.
pub fn server(path: &Path) -> io::Result<Option<Option<u32>>> {
    let mut file = match File::open(path.join(LOCK)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(pid_in(&mut file))),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn pid_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Whether there is a catalog in the data directory.
pub fn has_catalog(path: &Path) -> bool {
    fs::exists(path.join(CATALOG)).unwrap_or(false)
}

/// Bytes of the catalog and its companions.
pub fn catalog_bytes(path: &Path) -> u64 {
    let size = |suffix| fs::metadata(path.join(format!("{CATALOG}{suffix}"))).map_or(0, |file| file.len());
    ["", "-wal", "-shm"].into_iter().map(size).sum()
}

/// Opens the catalog of a data directory; both are made if they are missing. Blocks.
pub fn open_catalog(path: &Path) -> Result<Sqlite, DataDirError> {
    create(path)?;
    create(&path.join(BLOBS))?;
    Ok(Sqlite::open(&path.join(CATALOG), SqliteOptions::default())?)
}

/// Opens the blob store of a data directory for the server that has locked it; both are made if they are missing. Blocks.
pub fn open_blobs(path: &Path) -> Result<Blobs, DataDirError> {
    create(path)?;
    Ok(Blobs::local(&path.join(BLOBS))?)
}

/// Opens the blob store of a data directory that a server may be using. Blocks.
pub fn open_blobs_beside(path: &Path) -> Result<Blobs, DataDirError> {
    create(path)?;
    Ok(Blobs::local_beside(&path.join(BLOBS))?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn it_is_made_for_its_owner_alone() {
        let scratch = tempfile::tempdir().expect("a directory");
        let path = scratch.path().join("a/b");
        assert!(!has_catalog(&path));
        drop(open_catalog(&path).expect("a new catalog"));
        assert!(has_catalog(&path));
        let mode = fs::metadata(&path).expect("a directory").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn one_server_has_it_at_a_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        assert_eq!(server(path).expect("readable"), None);
        let first = lock(path).expect("free");
        let error = lock(path).expect_err("taken").to_string();
        let (pid, path_shown) = (std::process::id(), path.display());
        assert_eq!(error, format!("another server (process {pid}) uses the data directory {path_shown}"));
        assert_eq!(server(path).expect("readable"), Some(Some(pid)));
        drop(first);
        assert_eq!(server(path).expect("readable"), None);
        drop(lock(path).expect("free again"));
    }

    #[test]
    fn what_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = file.path().join("data");
        let error = open_catalog(&path).map(drop).expect_err("not below a file").to_string();
        assert!(
            error.starts_with(&format!("the data directory cannot be created: {}: ", path.display())),
            "{error}"
        );
    }
}
