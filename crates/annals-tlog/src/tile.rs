//! Tiles and entry bundles: what a log publishes of its tree, as [C2SP tlog-tiles] defines it.
//!
//! A *tile* is up to 256 neighbouring hashes, 32 bytes each. A tile of level 0 holds leaf hashes; a hash of any
//! higher level is the root of a full tile one level below. The last tile of a level is *partial* while it has
//! fewer than 256 hashes: 70,000 leaves are 273 full tiles and one of 112 hashes at level 0, one full tile and
//! one of 17 hashes at level 1, and one hash at level 2. An *entry bundle* holds the entries whose leaf hashes
//! are one tile of level 0.
//!
//! ```
//! use annals_tlog::tile::{Resource, Tile};
//!
//! let widths = |level| Tile::added(level, 0, 70_000).map(|tile| tile.width()).collect::<Vec<_>>();
//! assert_eq!(Tile::levels(70_000), 3);
//! assert_eq!((widths(0)[272], widths(0)[273]), (256, 112));
//! assert_eq!((widths(1), widths(2)), (vec![256, 17], vec![1]));
//!
//! // A reader asks for tiles by their paths. The tree has to grow before it has this one.
//! let Resource::Tile(tile) = "tile/1/x001/x234/067.p/17".parse()? else { panic!("no entries") };
//! assert_eq!(Some(tile), Tile::new(1, 1_234_067, 17));
//! assert!(!tile.fits(70_000));
//! # Ok::<(), annals_tlog::tile::ParsePathError>(())
//! ```
//!
//! [C2SP tlog-tiles]: https://c2sp.org/tlog-tiles

mod bundle;
mod path;

use std::{cmp::Ordering, ops::Range};

pub use bundle::{Bundle, BundleError};
pub use path::{ParsePathError, Resource};

use crate::{edge::Edge, hash::Hash};

/// How many levels of a tree one level of tiles stands for.
pub(crate) const TILE_HEIGHT: u8 = 8;

/// Where a tile is, and how many hashes it has: between 1 and 256.
///
/// Shown as its path, such as `tile/0/x001/234.p/17`, without a slash in front; read as a [`Resource`]. Tiles
/// are ordered by level, then by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// Hashes in a full tile.
    pub const WIDTH_MAX: u16 = 1 << TILE_HEIGHT;

    /// Length of a full tile in bytes.
    pub const BYTES_MAX: usize = Tile::WIDTH_MAX as usize * Hash::LEN;

    /// The highest level that a path may name. A tree of [`Edge::SIZE_MAX`] leaves needs no more than level 7.
    pub const LEVEL_MAX: u8 = 63;

    /// The largest index of a tile: its last hash is at position 2⁶³ − 1 of its level.
    pub const INDEX_MAX: u64 = Edge::SIZE_MAX >> TILE_HEIGHT;

    /// The tile at `index` of `level`, with `width` hashes; none if one of them is out of its bounds.
    pub const fn new(level: u8, index: u64, width: u16) -> Option<Tile> {
        let exists =
            level <= Tile::LEVEL_MAX && index <= Tile::INDEX_MAX && width >= 1 && width <= Tile::WIDTH_MAX;
        if exists { Some(Tile { level, index, width }) } else { None }
    }

    /// The tile at `index` of `level` with as many hashes as it has in a tree of `size` leaves; none if it has
    /// none there.
    pub fn in_tree(level: u8, index: u64, size: u64) -> Option<Tile> {
        Tile::new(level, index, width(level, index, size))
    }

    /// How many levels of tiles a tree of `size` leaves has.
    pub fn levels(size: u64) -> u8 {
        let mut levels = 0..Tile::LEVEL_MAX;
        levels.find(|level| hashes_in_level(*level, size) == 0).unwrap_or(0)
    }

    /// The tiles of `level` in a tree of `new` leaves that are not in a tree of `old` leaves, in order: those
    /// that became full, then the partial one if it has grown.
    pub fn added(level: u8, old: u64, new: u64) -> impl Iterator<Item = Tile> {
        let (before, after) = (hashes_in_level(level, old), hashes_in_level(level, new));
        let full = u64::from(Tile::WIDTH_MAX);
        let indexes = if before < after { before / full..after.div_ceil(full) } else { 0..0 };
        indexes.filter_map(move |index| Tile::in_tree(level, index, new))
    }

    /// The level: 0 for leaf hashes.
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// How many tiles of the same level are to the left.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Number of hashes.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile has all its 256 hashes.
    pub const fn is_full(&self) -> bool {
        self.width == Tile::WIDTH_MAX
    }

    /// Length of the tile in bytes.
    pub const fn bytes(&self) -> usize {
        self.width as usize * Hash::LEN
    }

    /// The positions of the tile's hashes among all hashes of its level.
    pub fn positions(&self) -> Range<u64> {
        let first = self.index << TILE_HEIGHT;
        first..first + u64::from(self.width)
    }

    /// Whether a tree of `size` leaves has all hashes of this tile. It may have more of them: a partial tile
    /// fits every later tree, too.
    pub fn fits(&self, size: u64) -> bool {
        self.width <= width(self.level, self.index, size)
    }
}

/// The root of a full tile: the hash that stands for it one level above.
pub fn tile_root(hashes: &[Hash; Tile::WIDTH_MAX as usize]) -> Hash {
    perfect_root(hashes.iter().copied())
}

/// The root over hashes of equal height, if their number is a power of two.
pub(crate) fn perfect_root(hashes: impl Iterator<Item = Hash>) -> Hash {
    let mut edge = Edge::new();
    hashes.for_each(|hash| edge.push(hash));
    edge.root()
}

/// How many hashes a level has in a tree of `size` leaves: one for each perfect subtree of its height.
fn hashes_in_level(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0)
}

/// How many hashes a tile has in a tree of `size` leaves: 0 to 256.
fn width(level: u8, index: u64, size: u64) -> u16 {
    let hashes = hashes_in_level(level, size);
    match index.cmp(&(hashes >> TILE_HEIGHT)) {
        Ordering::Less => Tile::WIDTH_MAX,
        Ordering::Equal => (hashes % 256) as u16,
        Ordering::Greater => 0,
    }
}
