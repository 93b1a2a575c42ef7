//! Logs in memory: their leaves, the roots they had at each size, and their tiles.

use std::sync::LazyLock;

use annals_tlog::{Edge, Hash, leaf_hash, node_hash, tile::Tile};

/// A log with partial tiles at three levels.
pub(crate) static LARGE: LazyLock<Log> = LazyLock::new(|| Log::of(70_000));

/// The entry at `index` of every log here.
pub(crate) fn entry(index: u64) -> [u8; 8] {
    index.to_be_bytes()
}

pub(crate) struct Log {
    /// Hashes by level of tiles, leaf hashes first.
    levels: Vec<Vec<Hash>>,
    roots: Vec<Hash>,
}

impl Log {
    pub(crate) fn of(size: u64) -> Log {
        let mut edge = Edge::new();
        let mut log = Log { levels: vec![Vec::new(); 8], roots: vec![edge.root()] };
        for index in 0..size {
            let leaf = leaf_hash(&entry(index));
            log.levels[0].push(leaf);
            edge.push_tiled(leaf, |level, position, hash| {
                let hashes = &mut log.levels[usize::from(level)];
                assert_eq!(hashes.len() as u64, position);
                hashes.push(hash);
            });
            log.roots.push(edge.root());
        }
        log
    }

    pub(crate) fn leaves(&self) -> &[Hash] {
        &self.levels[0]
    }

    pub(crate) fn leaf(&self, index: u64) -> Hash {
        self.levels[0][place(index)]
    }

    pub(crate) fn level(&self, level: u8) -> &[Hash] {
        &self.levels[usize::from(level)]
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        self.roots[place(size)]
    }

    /// The bytes of a tile, as a server has them.
    pub(crate) fn tile(&self, tile: Tile) -> Option<Vec<u8>> {
        let positions = tile.positions();
        let hashes = self.level(tile.level()).get(place(positions.start)..place(positions.end))?;
        Some(hashes.iter().flat_map(Hash::as_bytes).copied().collect())
    }

    /// The bytes of a tile, with all the hashes that it has by now.
    pub(crate) fn grown_tile(&self, tile: Tile) -> Option<Vec<u8>> {
        let size = self.leaves().len() as u64;
        self.tile(Tile::in_tree(tile.level(), tile.index(), size)?)
    }
}

/// The bytes of a tile in a log of any size whose leaves are all the same: all subtrees of a height are, too.
pub(crate) fn uniform_tile(tile: Tile) -> Vec<u8> {
    let height = 8 * u32::from(tile.level());
    uniform_hash(height).as_bytes().repeat(usize::from(tile.width()))
}

/// The root of 2^`height` leaves that are all the same.
pub(crate) fn uniform_hash(height: u32) -> Hash {
    (0..height).fold(leaf_hash(b"the same"), |hash, _| node_hash(&hash, &hash))
}

/// A number as a place in a slice.
pub(crate) fn place(number: u64) -> usize {
    usize::try_from(number).expect("a log in memory is small")
}
