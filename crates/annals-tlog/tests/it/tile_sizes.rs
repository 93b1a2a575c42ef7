//! Which tiles a tree has, how wide they are, and which hashes go into them.

use annals_tlog::{
    Edge, Hash,
    tile::{Bundle, Tile, tile_root},
};
use proptest::prelude::*;

use crate::log::{LARGE, Log, place};

/// In larger trees, `tlog_tiles` finds no end to the levels, and panics.
const TLOG_TILES_SIZE_MAX: u64 = (1 << 56) - 1;

fn added(old: u64, new: u64) -> Vec<Tile> {
    (0..Tile::levels(new)).flat_map(|level| Tile::added(level, old, new)).collect()
}

fn added_by_tlog_tiles(old: u64, new: u64) -> Vec<Tile> {
    let tiles = tlog_tiles::Tile::new_tiles(8, old, new);
    let ours = |tile: tlog_tiles::Tile| {
        let width = u16::try_from(tile.width()).expect("at most 256");
        Tile::new(tile.level(), tile.level_index(), width).expect("within bounds")
    };
    tiles.into_iter().map(ours).collect()
}

#[test]
fn a_tile_has_bounds() {
    assert!(Tile::new(63, Tile::INDEX_MAX, 256).is_some());
    for (level, index, width) in [
        (64, 0, 1),
        (255, 0, 1),
        (0, Tile::INDEX_MAX + 1, 1),
        (0, u64::MAX, 1),
        (0, 0, 0),
        (0, 0, 257),
        (0, 0, u16::MAX),
    ] {
        assert_eq!(Tile::new(level, index, width), None, "{level} {index} {width}");
    }
    assert_eq!(Bundle::new(0, 0), None);
    assert_eq!(Bundle::new(Tile::INDEX_MAX + 1, 1), None);
}

#[test]
fn a_tile_knows_its_measures() {
    let tile = Tile::new(3, 7, 112).expect("within bounds");
    assert_eq!((tile.level(), tile.index(), tile.width(), tile.is_full()), (3, 7, 112, false));
    assert_eq!((tile.bytes(), tile.positions()), (3584, 1792..1904));
    let last = Tile::new(0, Tile::INDEX_MAX, 256).expect("within bounds");
    assert_eq!((last.is_full(), last.bytes()), (true, Tile::BYTES_MAX));
    assert_eq!(last.positions(), (1 << 63) - 256..1 << 63);
}

#[test]
fn the_examples_of_the_specification() {
    let tiles = added(0, 70_000);
    assert_eq!(tiles.len(), 273 + 1 + 1 + 1 + 1);
    assert!(tiles[..273].iter().all(|tile| tile.level() == 0 && tile.is_full()));
    let paths: Vec<String> = tiles[273..].iter().map(Tile::to_string).collect();
    assert_eq!(paths, ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]);

    let paths: Vec<String> = added(0, 256).iter().map(Tile::to_string).collect();
    assert_eq!(paths, ["tile/0/000", "tile/1/000.p/1"]);
    assert!(added(0, 0).is_empty());
}

#[test]
fn levels_of_the_smallest_and_the_largest_trees() {
    for (size, levels) in
        [(0, 0), (1, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 3), (Edge::SIZE_MAX, 8), (u64::MAX, 8)]
    {
        assert_eq!(Tile::levels(size), levels, "{size}");
    }
    let highest = Tile::in_tree(7, 0, Edge::SIZE_MAX).expect("the tree has 8 levels");
    assert_eq!(highest.width(), 127);
    for level in [8, 63, 64, 255] {
        assert_eq!(Tile::in_tree(level, 0, u64::MAX), None);
        assert_eq!(Tile::added(level, 0, u64::MAX).count(), 0);
    }
    assert_eq!(
        Tile::added(0, 0, u64::MAX).next(),
        Tile::new(0, 0, 256),
        "tiles are named as they are asked for"
    );
    assert_eq!(Tile::added(0, 300, 299).count(), 0);
}

#[test]
fn a_partial_tile_fits_from_its_size_on() {
    let partial = Tile::in_tree(1, 1, 70_000).expect("70,000 leaves have it");
    assert_eq!(partial.width(), 17);
    let first = (256 + 17) * 256;
    assert!(!partial.fits(0) && !partial.fits(first - 1));
    assert!(partial.fits(first) && partial.fits(70_000) && partial.fits(u64::MAX));
    assert!(!Tile::new(63, 0, 1).expect("within bounds").fits(u64::MAX));
}

#[test]
fn bundles_go_with_tiles_of_level_0() {
    let tiles: Vec<Tile> = Bundle::added(200, 600).map(|bundle| bundle.tile()).collect();
    assert_eq!(tiles, Tile::added(0, 200, 600).collect::<Vec<_>>());
    let bundle = Bundle::in_log(2, 600).expect("the log has it");
    assert_eq!((bundle.tile().positions(), bundle.to_string()), (512..600, "tile/entries/002.p/88".into()));
    assert_eq!(Bundle::in_log(3, 600), None);
}

#[test]
fn a_hash_is_the_root_of_the_full_tile_below() {
    for level in [0, 1] {
        let (full, _) = LARGE.level(level).as_chunks();
        let above: Vec<Hash> = full.iter().map(tile_root).collect();
        assert!(!above.is_empty());
        assert_eq!(above, LARGE.level(level + 1));
    }
    assert!(LARGE.level(3).is_empty());
    assert_eq!(LARGE.level(2), [LARGE.root(65_536)]);
}

proptest! {
    #[test]
    fn tiles_are_those_of_tlog_tiles(old in 0..200_000_u64, more in 0..200_000_u64) {
        prop_assert_eq!(added(old, old + more), added_by_tlog_tiles(old, old + more));
    }

    #[test]
    fn tiles_of_large_trees_are_those_of_tlog_tiles(
        old in (0..TLOG_TILES_SIZE_MAX, 0..56_u32).prop_map(|(size, shift)| size >> shift),
        more in 0..2000_u64,
    ) {
        let new = (old + more).min(TLOG_TILES_SIZE_MAX);
        prop_assert_eq!(added(old, new), added_by_tlog_tiles(old, new));
        for tile in added(old, new) {
            prop_assert!(tile.fits(new) && !tile.fits(old));
            prop_assert_eq!(Tile::in_tree(tile.level(), tile.index(), new), Some(tile));
            prop_assert_eq!(tile.fits(new - 1), new - 1 > old && added(old, new - 1).contains(&tile));
        }
    }

    #[test]
    fn stored_edge_goes_on_with_the_tiles(start in 0..1500_u64, more in 0..1500_u64) {
        let log = Log::of(start + more);
        let (before, after) = log.leaves().split_at(place(start));
        let mut edge = Edge::new();
        for leaf in before {
            edge.push(*leaf);
        }
        let mut reopened = Edge::from_bytes(start, &edge.to_bytes()).expect("the edge was just written");
        let mut hashes = Vec::new();
        for leaf in after {
            reopened.push_tiled(*leaf, |level, position, hash| hashes.push((level, position, hash)));
        }
        let positions = start / 256..(start + more) / 256;
        let expected: Vec<_> = positions.clone().zip(positions.map(|at| log.level(1)[place(at)])).collect();
        prop_assert!(hashes.iter().all(|(level, ..)| *level == 1));
        prop_assert_eq!(hashes.into_iter().map(|(_, at, hash)| (at, hash)).collect::<Vec<_>>(), expected);
    }
}
