//! The embedded engine: one SQLite database in WAL mode, one connection that writes and a few that read.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use annals_format::Timestamp;
use annals_tlog::Hash;
use async_trait::async_trait;

use crate::catalog::{
    Catalog, Commit, CommitError, ReadError, Recall, SignedCheckpoint, StoredRow, Tree, Use,
};
use crate::check;
use crate::model::{AccessToken, Account, AccountId, Hold, Identity, TokenHash, User, Workspace};
use crate::segment::{Seal, SegmentInfo};
use prompt::Prompt;
use readers::Readers;
use writer::Writer;

mod checkpoint;
mod chunk;
mod error;
mod open;
mod prompt;
mod read;
mod readers;
mod schema;
mod value;
mod write;
mod writer;

pub use open::OpenError;

/// Rows that [`Catalog::forget`] deletes in one transaction: commits wait behind it for half a millisecond or so.
const FORGET_ROWS: u32 = 2_048;

/// The catalog in one SQLite database.
///
/// A commit is one transaction with one fsync. Several processes may have the same database open, each with its own
/// `Sqlite`; their writes take turns. Dropping it waits for the work that was handed in and empties the write-ahead log.
pub struct Sqlite {
    // The readers close first: the last connection to close leaves no log behind.
    readers: Readers,
    prompt: Prompt,
    writer: Writer,
}

/// How a [`Sqlite`] uses the machine.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Threads that read, each with a connection and up to 1 MiB of cached pages; at least 1.
    pub readers: usize,
    /// The write-ahead log is copied into the database file about every so many bytes. Under a steady load its file
    /// becomes up to five times as long, and stays so until nobody writes.
    pub checkpoint_bytes: u64,
    /// Reads, and writes, that may wait for a thread. Beyond that they are refused as unavailable.
    pub waiting_max: usize,
    /// How long a step waits for another process that holds a lock, such as the command line beside a server.
    pub busy_wait: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { readers: 4, checkpoint_bytes: 8 << 20, waiting_max: 1_024, busy_wait: Duration::from_secs(5) }
    }
}

impl Sqlite {
    /// Opens the database at `path`, or creates it in a directory that exists. Blocks: call it at start-up.
    ///
    /// A database on a full disk is opened for reading; its writes are refused until there is space.
    pub fn open(path: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        let readers_options = options.clone();
        let writer = Writer::start(path.into(), options)?;
        let prompt = Prompt::open(path, &readers_options)?;
        Ok(Self { readers: Readers::start(path, &readers_options)?, prompt, writer })
    }
}

#[async_trait]
impl Catalog for Sqlite {
    async fn commit(&self, commit: Arc<Commit>) -> Result<(), CommitError> {
        check::commit(&commit)?;
        self.writer.transact(move |connection| write::commit(connection, &commit)).await
    }

    async fn commit_blocking(&self, commit: Arc<Commit>) -> Result<(), CommitError> {
        check::commit(&commit)?;
        self.writer.transact_blocking(|connection| write::commit(connection, &commit))
    }

    async fn accounts(&self) -> Result<Vec<Account>, ReadError> {
        self.readers.read(read::accounts).await
    }

    async fn tree(&self, account: AccountId) -> Result<Tree, ReadError> {
        // Every query begins with this.
        if let Some(tree) = self.prompt.read(|connection| read::tree(connection, account)) {
            return Ok(tree);
        }
        self.readers.read(move |connection| read::tree(connection, account)).await
    }

    async fn entries(
        &self,
        account: AccountId,
        range: Range<u64>,
        bytes_max: usize,
    ) -> Result<Vec<StoredRow>, ReadError> {
        self.readers.read(move |connection| read::entries(connection, account, &range, bytes_max)).await
    }

    async fn rows(&self, account: AccountId, indexes: &[u64]) -> Result<Vec<Option<Vec<u8>>>, ReadError> {
        let indexes = indexes.to_vec();
        self.readers.read(move |connection| read::rows(connection, account, &indexes)).await
    }

    async fn tile_hashes(
        &self,
        account: AccountId,
        level: u8,
        positions: Range<u64>,
    ) -> Result<Vec<Hash>, ReadError> {
        self.readers.read(move |connection| read::tile_hashes(connection, account, level, &positions)).await
    }

    async fn checkpoint(&self, account: AccountId) -> Result<Option<SignedCheckpoint>, ReadError> {
        self.readers.read(move |connection| read::checkpoint(connection, account)).await
    }

    async fn keep_checkpoints(&self, signed: Vec<SignedCheckpoint>) -> Result<(), CommitError> {
        check::checkpoints(&signed)?;
        self.writer.transact(move |connection| write::keep_checkpoints(connection, &signed)).await
    }

    async fn segments(&self, account: AccountId) -> Result<Vec<SegmentInfo>, ReadError> {
        self.readers.read(move |connection| read::segments(connection, account)).await
    }

    async fn seal(&self, seal: Seal) -> Result<(), CommitError> {
        check::seal(&seal)?;
        self.writer.transact(move |connection| write::seal(connection, &seal)).await
    }

    async fn acquire(
        &self,
        lease: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CommitError> {
        let (lease, holder) = (lease.to_owned(), holder.to_owned());
        self.writer.transact(move |connection| write::acquire(connection, &lease, &holder, now, until)).await
    }

    async fn recall(&self, account: AccountId, keys: &[TokenHash]) -> Result<Vec<Option<Recall>>, ReadError> {
        let keys = keys.to_vec();
        self.readers.read(move |connection| read::recall(connection, account, &keys)).await
    }

    async fn workspaces(&self, account: AccountId) -> Result<Vec<Workspace>, ReadError> {
        self.readers.read(move |connection| read::workspaces(connection, account)).await
    }

    async fn users(&self, account: AccountId) -> Result<Vec<User>, ReadError> {
        self.readers.read(move |connection| read::users(connection, account)).await
    }

    async fn tokens(&self, account: AccountId) -> Result<Vec<AccessToken>, ReadError> {
        self.readers.read(move |connection| read::tokens(connection, account)).await
    }

    async fn holds(&self, account: AccountId) -> Result<Vec<Hold>, ReadError> {
        self.readers.read(move |connection| read::holds(connection, account)).await
    }

    async fn identify(&self, hash: &TokenHash) -> Result<Option<Identity>, ReadError> {
        let hash = *hash;
        self.readers.read(move |connection| read::identify(connection, &hash)).await
    }

    async fn grant(&self, account: AccountId, grant: AccessToken) -> Result<(), CommitError> {
        check::grant(account, &grant)?;
        self.writer.transact(move |connection| write::grant(connection, account, &grant)).await
    }

    async fn touch(&self, uses: Vec<Use>) -> Result<(), CommitError> {
        self.writer.transact(move |connection| write::touch(connection, &uses)).await
    }

    async fn forget(&self, keys_before: Timestamp, now: Timestamp) -> Result<u64, CommitError> {
        let mut forgotten = 0;
        loop {
            let step = self.writer.transact(move |connection| {
                let keys = write::forget_keys(connection, keys_before, FORGET_ROWS)?;
                let grants = write::forget_grants(connection, now, FORGET_ROWS)?;
                Ok((keys, grants))
            });
            let (keys, grants) = step.await?;
            forgotten += (keys + grants) as u64;
            if keys.max(grants) < FORGET_ROWS as usize {
                break;
            }
        }
        // Looked up beside the writer: a head never starts earlier again, so that what was sealed then still is.
        let copies = self.readers.read(read::copies).await;
        for (account, head_start) in copies.map_err(|error| CommitError::Unavailable(error.into()))? {
            loop {
                let step = self.writer.transact(move |connection| {
                    write::forget_copies(connection, account, head_start, FORGET_ROWS)
                });
                let copies = step.await?;
                forgotten += copies;
                if copies < FORGET_ROWS.into() {
                    break;
                }
            }
        }
        Ok(forgotten)
    }

    async fn replace_rows(&self, account: AccountId, rows: Vec<(u64, Vec<u8>)>) -> Result<(), CommitError> {
        self.writer.transact(move |connection| write::replace_rows(connection, account, &rows)).await
    }

    async fn scrub(&self) -> Result<(), CommitError> {
        self.writer.scrub().await
    }

    async fn check(&self) -> Result<(), ReadError> {
        self.readers.read(read::check).await
    }
}
