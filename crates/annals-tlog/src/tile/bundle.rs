//! Entry bundles: the entries whose leaf hashes are one tile of level 0.

use std::fmt;

use super::Tile;

/// Bytes of the length in front of an entry.
const LENGTH_BYTES: usize = 2;

/// Where an entry bundle is, and how many entries it has: between 1 and 256.
///
/// Its bytes are its entries, each after its length in two bytes, big-endian. Shown as its path, such as
/// `tile/entries/x001/234.p/17`; read as a [`Resource`](super::Resource).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    /// Of level 0.
    tile: Tile,
}

impl Bundle {
    /// Bytes in an entry, at most.
    pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

    /// The bundle at `index` with `width` entries; none if one of them is out of the bounds of a [`Tile`].
    pub fn new(index: u64, width: u16) -> Option<Bundle> {
        Tile::new(0, index, width).map(|tile| Bundle { tile })
    }

    /// The bundle at `index` with as many entries as it has in a log of `size` entries; none if it has none
    /// there.
    pub fn in_log(index: u64, size: u64) -> Option<Bundle> {
        Tile::in_tree(0, index, size).map(|tile| Bundle { tile })
    }

    /// The bundles in a log of `new` entries that are not in a log of `old` entries, in order: see
    /// [`Tile::added`].
    pub fn added(old: u64, new: u64) -> impl Iterator<Item = Bundle> {
        Tile::added(0, old, new).map(|tile| Bundle { tile })
    }

    /// The tile that holds the leaf hashes of the entries. It has the index and the width of the bundle, its
    /// [positions](Tile::positions) are the indexes of the entries, and it [fits](Tile::fits) the same trees.
    pub const fn tile(&self) -> Tile {
        self.tile
    }

    /// The bytes of the bundle.
    ///
    /// # Errors
    ///
    /// There are more or fewer `entries` than the bundle has, or one of them is longer than
    /// [`Bundle::ENTRY_BYTES_MAX`].
    pub fn encode<E: AsRef<[u8]>>(
        &self,
        entries: impl IntoIterator<Item = E>,
    ) -> Result<Vec<u8>, BundleError> {
        let expected = self.tile.width();
        let mut actual: u16 = 0;
        let mut bytes = Vec::new();
        // One more than there may be, to know that there are too many.
        for entry in entries.into_iter().take(usize::from(expected) + 1) {
            let entry = entry.as_ref();
            let Ok(length) = u16::try_from(entry.len()) else {
                return Err(BundleError::TooLong { entry: actual, bytes: entry.len() });
            };
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(entry);
            actual += 1;
        }
        if actual == expected { Ok(bytes) } else { Err(BundleError::WrongCount { expected, actual }) }
    }

    /// The entries of the bundle, from its bytes. They are taken as they are: compare their
    /// [`leaf_hash`](crate::leaf_hash)es with those in a tile that is trusted.
    ///
    /// # Errors
    ///
    /// `bytes` ends within or before one of the entries that the bundle has, or goes on after the last.
    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, BundleError> {
        let mut rest = bytes;
        let mut entries = Vec::with_capacity(usize::from(self.tile.width()));
        for entry in 0..self.tile.width() {
            let (first, after) = split_first(rest).ok_or(BundleError::CutShort { entry })?;
            entries.push(first);
            rest = after;
        }
        if rest.is_empty() { Ok(entries) } else { Err(BundleError::Trailing { bytes: rest.len() }) }
    }
}

/// The first entry, and what comes after it.
fn split_first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// Entries or bytes that are not those of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BundleError {
    /// There are more or fewer entries than the bundle has.
    WrongCount {
        /// Entries in the bundle.
        expected: u16,
        /// Entries that were given; the first of those that are too many is the last counted.
        actual: u16,
    },
    /// An entry is longer than [`Bundle::ENTRY_BYTES_MAX`].
    TooLong {
        /// Place of the entry in the bundle, the first being 0.
        entry: u16,
        /// Its length in bytes.
        bytes: usize,
    },
    /// The bytes end within an entry, or before it.
    CutShort {
        /// Place of the entry in the bundle, the first being 0.
        entry: u16,
    },
    /// The bytes go on after the last entry.
    Trailing {
        /// How many bytes too many there are.
        bytes: usize,
    },
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BundleError::WrongCount { expected, actual } => {
                write!(f, "the bundle has {expected} entries, not {actual}")
            }
            BundleError::TooLong { entry, bytes } => {
                let max = Bundle::ENTRY_BYTES_MAX;
                write!(f, "entry {entry} of the bundle is {bytes} bytes long, and at most {max} fit")
            }
            BundleError::CutShort { entry } => write!(f, "the bundle ends before entry {entry} does"),
            BundleError::Trailing { bytes } => {
                write!(f, "bytes after the last entry of the bundle: {bytes}")
            }
        }
    }
}

impl std::error::Error for BundleError {}
