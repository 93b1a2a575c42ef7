//! What can come of a verification that does not succeed: nothing was learnt, or the log is wrong.

use annals_tlog::{
    Hash,
    checkpoint::CheckpointError,
    note::{NoteError, VerifyError},
    tile::{Bundle, BundleError, Tile},
};

/// Why a log was not verified.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// Nothing is known of the log: neither that it is sound nor that it is not.
    #[error(transparent)]
    Unchecked(#[from] Unchecked),
    /// What is served is not what was signed, or what was signed is not one growing log.
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

/// Why nothing can be said about a log.
#[derive(Debug, thiserror::Error)]
pub enum Unchecked {
    /// The address, the token or the keys that were given cannot be used; nothing was sent.
    #[error("{0}")]
    Invalid(String),
    /// No connection, or it broke.
    #[error("cannot reach {url}: {why}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What the network says.
        why: String,
    },
    /// The answer was not complete in time.
    #[error("{url} was not answered in full within {seconds} s")]
    Slow {
        /// What was asked for.
        url: String,
        /// How long was waited, in seconds.
        seconds: u64,
    },
    /// The answer is longer than what was asked for can be; the rest of it was not read.
    #[error("the answer of {url} is longer than {max} bytes, and was cut off")]
    TooLong {
        /// What was asked for.
        url: String,
        /// The most that it may be, in bytes.
        max: usize,
    },
    /// The server refuses.
    #[error("{url}: {sentence} (HTTP {status})")]
    Refused {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the server says about it.
        sentence: String,
    },
    /// The answer is no signed note at all: it is perhaps not a log that answers.
    #[error("{url} serves no signed checkpoint: {source}")]
    NoNote {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        source: NoteError,
    },
    /// Fewer witnesses cosigned than have to.
    #[error(
        "the checkpoint of {size} entries is cosigned by {found} of the {quorum} witnesses that it takes"
    )]
    NotCosigned {
        /// Entries of the checkpoint.
        size: u64,
        /// Witnesses that cosigned.
        found: usize,
        /// Witnesses that have to.
        quorum: usize,
    },
}

/// What is wrong with a log: the first thing that was found.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// The keys of the log did not sign the checkpoint, or a signature that names one of them is not right.
    #[error("the checkpoint is not signed by {name}: {source}")]
    Signature {
        /// Name of the keys.
        name: String,
        /// What is wrong with the signatures.
        source: VerifyError,
    },
    /// A cosignature that names one of the witnesses is not right.
    #[error("a cosignature of the checkpoint is wrong: {source}")]
    Cosignature {
        /// What is wrong with it.
        source: VerifyError,
    },
    /// The log signed something that is no checkpoint.
    #[error("what the log signed is no checkpoint: {source}")]
    Checkpoint {
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// The checkpoint is that of another log.
    #[error("the checkpoint is that of the log {found}, not {expected}")]
    Origin {
        /// The name of the keys.
        expected: String,
        /// What the checkpoint says.
        found: String,
    },
    /// The log is shorter than it was.
    #[error("the log shrank: it had {seen} entries, and now has {served}")]
    Shrunk {
        /// Entries of the checkpoint that is remembered.
        seen: u64,
        /// Entries of the one that is served.
        served: u64,
    },
    /// The log does not begin with what it was before.
    #[error(
        "the log was rewritten: the root of its first {size} entries was {remembered}, but is {now} in the checkpoint \
         of {served} entries"
    )]
    Rewritten {
        /// Entries of the checkpoint that is remembered.
        size: u64,
        /// Its root.
        remembered: Hash,
        /// The root of as many entries in the newer tree.
        now: Hash,
        /// Entries of the newer tree.
        served: u64,
    },
    /// A partial tile at the right edge of the tree is not what is below it, which leads to the signed root.
    #[error(
        "{tile} (entries {}) is wrong: with it the root of {size} entries is {found}, but {expected} was signed",
        entries(*tile)
    )]
    End {
        /// The tile.
        tile: Tile,
        /// Entries of the tree.
        size: u64,
        /// The root that was signed.
        expected: Hash,
        /// The root of what is served.
        found: Hash,
    },
    /// What is served leads to another root than the signed one, and no single tile at the right edge of the tree is to blame.
    #[error("the root of the {size} entries that are served is {found}, but {expected} was signed")]
    Root {
        /// Entries of the tree.
        size: u64,
        /// The root that was signed.
        expected: Hash,
        /// The root of what is served.
        found: Hash,
    },
    /// A tile has another hash than the tile above it says.
    #[error("{tile} (entries {}) has the hash {found}, but {above} has {expected} for it", entries(*tile))]
    Tile {
        /// The tile.
        tile: Tile,
        /// The tile above it, which is right.
        above: Tile,
        /// What the tile above it has for it.
        expected: Hash,
        /// The hash of what is served.
        found: Hash,
    },
    /// A tile is not as long as it has to be.
    #[error("{tile} (entries {}) is {bytes} bytes long, not {}", entries(*tile), tile.bytes())]
    TileLength {
        /// The tile.
        tile: Tile,
        /// Length of what is served.
        bytes: usize,
    },
    /// A bundle cannot be taken apart into its entries.
    #[error("{bundle} (entries {}) is no bundle of entries: {source}", entries(bundle.tile()))]
    Bundle {
        /// The bundle.
        bundle: Bundle,
        /// What is wrong with it.
        source: BundleError,
    },
    /// An entry is not the one that was signed.
    #[error(
        "entry {index}, in {bundle}, is not the one that was signed: its hash is {found}, not {expected}"
    )]
    Entry {
        /// The bundle.
        bundle: Bundle,
        /// Index of the entry.
        index: u64,
        /// The hash that was signed.
        expected: Hash,
        /// The hash of what is served.
        found: Hash,
    },
}

/// The indexes of the entries below a tile, as `first to last`.
fn entries(tile: Tile) -> String {
    let positions = tile.positions();
    let height = u32::from(tile.level()).saturating_mul(8);
    let index = |position: u64| u128::from(position) << height.min(64);
    format!("{} to {}", index(positions.start), index(positions.end).saturating_sub(1))
}
