//! Verifying a log over HTTP, as c2sp.org/tlog-tiles publishes it.
//!
//! [`RemoteLog::served`] is what the log says now, [`RemoteLog::check`] that it says so, [`RemoteLog::follows`] that it only
//! grew, [`RemoteLog::cosigned`] that witnesses saw the same, and [`RemoteLog::verify_entries`] that each entry is the one that
//! was signed. [`RemoteLog::verify`] is all of it.

mod error;
mod fetch;
mod tree;
mod trust;

use std::time::Duration;

use annals_tlog::{Hash, leaf_hash, tile::Bundle};
use futures_util::{StreamExt as _, stream};

pub use error::{RemoteError, Unchecked, Wrong};
use fetch::Fetch;
use tree::Tree;
pub use trust::{Seen, Trust};

/// Bundles that are on their way at a time. Each is usually some 100 KiB, and at most 16 MiB.
const PARALLEL: usize = 8;

/// A log that somebody else serves.
pub struct RemoteLog {
    fetch: Fetch,
    trust: Trust,
}

/// A log that was verified.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Its last checkpoint.
    pub seen: Seen,
    /// Entries that could not be read, as some in their bundles are no longer kept: their hashes make the signed root.
    pub unread: u64,
}

/// How far a verification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries verified so far.
    pub entries: u64,
    /// Entries to verify.
    pub of: u64,
}

impl RemoteLog {
    /// How long one answer may take when nobody says otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// The log at `url`, such as `https://audit.example.com/tlog/acct_…`, read with an access token unless it is public. An
    /// answer that is not complete within `timeout` is not waited for.
    pub fn new(url: &str, token: Option<&str>, trust: Trust, timeout: Duration) -> Result<Self, Unchecked> {
        Ok(Self { fetch: Fetch::new(url, token, timeout)?, trust })
    }

    /// What the log is called in its checkpoints.
    pub fn origin(&self) -> &str {
        self.trust.origin()
    }

    /// The checkpoint as it is served now. Nothing of it is verified.
    pub async fn served(&self) -> Result<String, Unchecked> {
        self.fetch.checkpoint().await
    }

    /// Verifies that the log signed a checkpoint, one that was served or one that was kept.
    pub fn check(&self, note: &str) -> Result<Seen, RemoteError> {
        self.trust.signed(&self.fetch.url("checkpoint"), note)
    }

    /// Verifies that enough witnesses cosigned a checkpoint.
    pub fn cosigned(&self, seen: &Seen) -> Result<(), RemoteError> {
        self.trust.cosigned(seen)
    }

    /// Verifies that the tree of `new` begins with all entries of the tree of `old`, or is the same.
    pub async fn follows(&self, old: &Seen, new: &Seen) -> Result<(), RemoteError> {
        if new.size() < old.size() {
            return Err(Wrong::Shrunk { seen: old.size(), served: new.size() }.into());
        }
        let (size, remembered) = (old.size(), old.checkpoint().root());
        let now = if new.size() == size {
            new.checkpoint().root()
        } else {
            Tree::open(&self.fetch, new).await?.root_of_first(size).await?
        };
        if now != remembered {
            return Err(Wrong::Rewritten { size, remembered, now, served: new.size() }.into());
        }
        Ok(())
    }

    /// Verifies every entry of a checkpoint's tree from index `from` on, and every tile above them, each against the signed
    /// root. Of bundles that are no longer kept the hashes have to do: answers how many entries these have. Memory does not grow
    /// with the log.
    pub async fn verify_entries(
        &self,
        seen: &Seen,
        from: u64,
        mut progress: impl FnMut(Progress),
    ) -> Result<u64, RemoteError> {
        let of = seen.size().saturating_sub(from);
        progress(Progress { entries: 0, of });
        let mut unread = 0;
        let mut tree = Tree::open(&self.fetch, seen).await?;
        let mut fetched = stream::iter(Bundle::added(from, seen.size()).map(|bundle| self.fetch(bundle)))
            .buffered(PARALLEL);
        while let Some(fetched) = fetched.next().await {
            let Fetched { bundle, hashes, served } = fetched?;
            if let Some(hashes) = hashes {
                tree.take(bundle.tile(), hashes).await?;
            }
            let hashes = tree.tile(bundle.tile()).await?;
            match served {
                Some((served, bytes)) => compare(bundle, hashes, served, &bytes)?,
                None => unread += bundle.tile().positions().end - bundle.tile().positions().start.max(from),
            }
            let entries = bundle.tile().positions().end.saturating_sub(from);
            progress(Progress { entries, of });
        }
        Ok(unread)
    }

    /// Verifies the log as it is now: its signatures, that it follows from each checkpoint that is remembered, and every entry.
    pub async fn verify(
        &self,
        remembered: &[Seen],
        progress: impl FnMut(Progress),
    ) -> Result<Verified, RemoteError> {
        let seen = self.check(&self.served().await?)?;
        for old in remembered {
            self.follows(old, &seen).await?;
        }
        self.cosigned(&seen)?;
        let unread = self.verify_entries(&seen, 0, progress).await?;
        Ok(Verified { seen, unread })
    }

    /// Reads a bundle, and the tile with the hashes of its entries unless that is at the right edge of the tree.
    async fn fetch(&self, bundle: Bundle) -> Result<Fetched, RemoteError> {
        let tile = bundle.tile();
        let hashes = if tile.is_full() { Some(self.fetch.tile(tile).await?) } else { None };
        Ok(Fetched { bundle, hashes, served: self.fetch.bundle(bundle).await? })
    }
}

/// A bundle, not checked yet.
struct Fetched {
    bundle: Bundle,
    /// The tile of its hashes; `None` if the tree has it already.
    hashes: Option<Vec<Hash>>,
    /// The bundle that was served in its place, itself or the full one, with its bytes; `None` if it is no longer kept.
    served: Option<(Bundle, Vec<u8>)>,
}

/// Compares the entries of a bundle with their hashes in the tree.
fn compare(bundle: Bundle, hashes: &[Hash], served: Bundle, bytes: &[u8]) -> Result<(), RemoteError> {
    let entries = served.decode(bytes).map_err(|source| Wrong::Bundle { bundle: served, source })?;
    for ((index, expected), entry) in bundle.tile().positions().zip(hashes).zip(entries) {
        let found = leaf_hash(entry);
        if found != *expected {
            return Err(Wrong::Entry { bundle, index, expected: *expected, found }.into());
        }
    }
    Ok(())
}
