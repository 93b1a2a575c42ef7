//! What plans ask for, and what they make of tiles that are not as they should be.

use annals_tlog::{
    Edge, Hash,
    proof::{BuildError, Plan, SizeError, verify_consistency, verify_inclusion},
    tile::Tile,
};
use proptest::prelude::*;

use crate::log::{LARGE, place, uniform_hash, uniform_tile};

fn paths<T>(plan: &Plan<T>) -> Vec<String> {
    plan.tiles().iter().map(Tile::to_string).collect()
}

fn tile(level: u8, index: u64, width: u16) -> Tile {
    Tile::new(level, index, width).expect("within bounds")
}

#[test]
fn few_tiles_are_read() {
    let plan = Plan::inclusion(33_333, 70_000).expect("the tree has the leaf");
    let right_edge = ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17"];
    assert_eq!(paths(&plan), [&["tile/0/130"][..], &right_edge].concat());
    let plan = Plan::inclusion(66_666, 70_000).expect("the tree has the leaf");
    assert_eq!(
        paths(&plan),
        ["tile/0/260", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"],
        "a hash that is in a higher tile is taken from there"
    );
    let plan = Plan::inclusion(1_234_567, 10_000_000).expect("the tree has the leaf");
    assert_eq!(
        paths(&plan),
        ["tile/0/x004/822", "tile/0/x039/062.p/128", "tile/1/018", "tile/1/152.p/150", "tile/2/000.p/152"]
    );
    let plan = Plan::consistency(9_999_000, 10_000_000).expect("the tree grows");
    assert_eq!(
        paths(&plan),
        ["tile/0/x039/058", "tile/0/x039/062.p/128", "tile/1/152.p/150", "tile/2/000.p/152"]
    );
    let right_edge = ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"];
    assert_eq!(paths(&Plan::root(70_000).expect("a small tree")), right_edge);
    assert_eq!(paths(&Plan::edge(70_000).expect("a small tree")), right_edge);
    assert!(paths(&Plan::root(0).expect("the empty tree")).is_empty());
    assert!(paths(&Plan::inclusion(0, 1).expect("the only leaf")).is_empty());
}

#[test]
fn tiles_are_asked_for_once_and_in_order() {
    let plan = Plan::inclusion(33_333, 70_000).expect("the tree has the leaf");
    let mut asked = Vec::new();
    let proof = plan.build(|tile| {
        asked.push(tile);
        LARGE.tile(tile)
    });
    assert!(proof.is_ok());
    assert_eq!(asked, plan.tiles());
}

#[test]
fn a_stored_tree_is_reopened() {
    for size in [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000] {
        let plan = Plan::edge(size).expect("a small tree");
        let edge = plan.build(|tile| LARGE.tile(tile)).expect("all tiles are there");
        assert_eq!((edge.size(), edge.root()), (size, LARGE.root(size)));
        assert_eq!(Edge::from_bytes(size, &edge.to_bytes()), Ok(edge));
    }
}

#[test]
fn a_subtree_is_in_its_highest_tile() {
    for (height, index, path) in [
        (0, 69_999, "tile/0/273.p/112"),
        (7, 2, "tile/0/001"),
        (8, 272, "tile/1/001.p/17"),
        (12, 16, "tile/1/001.p/17"),
        (16, 0, "tile/2/000.p/1"),
    ] {
        let plan = Plan::subtree(height, index, 70_000).expect("the subtree is whole");
        assert_eq!(paths(&plan), [path]);
        let mut edge = Edge::new();
        for leaf in LARGE.leaves().iter().skip(place(index << height)).take(1 << height) {
            edge.push(*leaf);
        }
        assert_eq!(plan.build(|tile| LARGE.tile(tile)), Ok(edge.root()));
    }
}

#[test]
fn a_missing_or_short_tile_is_named() {
    let plan = Plan::inclusion(33_333, 70_000).expect("the tree has the leaf");
    for missing in plan.tiles() {
        let read = |tile| if tile == *missing { None } else { LARGE.tile(tile) };
        assert_eq!(plan.build(read), Err(BuildError::Missing { tile: *missing }));

        let changed = |length: usize| {
            plan.build(|tile| {
                let mut bytes = LARGE.tile(tile)?;
                if tile == *missing {
                    bytes.resize(length, 0);
                }
                Some(bytes)
            })
        };
        let length = missing.bytes();
        for bytes in [0, 1, 32, length - 32, length - 1, length + 1, 8192 + 1, 8192 + 32, 70_000] {
            assert_eq!(changed(bytes), Err(BuildError::WrongLength { tile: *missing, bytes }));
        }
        assert!(changed(length).is_ok() && changed(8192).is_ok());
    }
}

#[test]
fn sizes_without_a_plan() {
    let too_large = SizeError::TooLarge { size: 1 << 63 };
    assert_eq!(Plan::inclusion(0, 1 << 63).err(), Some(too_large));
    assert_eq!(Plan::consistency(0, 1 << 63).err(), Some(too_large));
    assert_eq!(Plan::root(1 << 63).err(), Some(too_large));
    assert_eq!(Plan::edge(1 << 63).err(), Some(too_large));
    assert_eq!(Plan::subtree(0, 0, 1 << 63).err(), Some(too_large));
    assert_eq!(Plan::inclusion(0, 0).err(), Some(SizeError::NoLeaf { index: 0, size: 0 }));
    assert_eq!(Plan::inclusion(7, 7).err(), Some(SizeError::NoLeaf { index: 7, size: 7 }));
    assert_eq!(Plan::consistency(8, 7).err(), Some(SizeError::Shrinks { old: 8, new: 7 }));
    for (height, index) in [(0, 7), (1, 3), (2, 1), (3, 0), (63, 0), (64, 0), (255, 0), (0, u64::MAX)] {
        let error = Plan::subtree(height, index, 7).err();
        assert_eq!(error, Some(SizeError::NoSubtree { height, index, size: 7 }));
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let tile = tile(1, 1, 17);
    assert_eq!(BuildError::Missing { tile }.to_string(), "tile/1/001.p/17 is missing");
    let error = BuildError::WrongLength { tile, bytes: 543 };
    assert_eq!(error.to_string(), "tile/1/001.p/17 is 544 bytes long, or longer once it has grown, not 543");
    let error = SizeError::TooLarge { size: u64::MAX };
    assert_eq!(error.to_string(), "a tree has at most 9223372036854775807 leaves, not 18446744073709551615");
    let error = SizeError::NoLeaf { index: 7, size: 5 };
    assert_eq!(error.to_string(), "a tree of 5 leaves has no leaf 7");
    let error = SizeError::NoSubtree { height: 2, index: 1, size: 5 };
    assert_eq!(error.to_string(), "a tree of 5 leaves has no whole subtree 1 of height 2");
}

/// Sizes of all magnitudes.
fn sizes() -> impl Strategy<Value = u64> {
    let any_size = (1..=Edge::SIZE_MAX, 0..63_u32).prop_map(|(size, shift)| (size >> shift).max(1));
    let near_power = (1..63_u32, 0..3_u64).prop_map(|(height, more)| (1 << height) - 1 + more);
    prop_oneof![any_size, near_power, Just(Edge::SIZE_MAX)]
}

proptest! {
    #[test]
    fn proofs_in_trees_of_any_size(new in sizes(), other in any::<u64>(), near in 0..3_u64) {
        let read = |tile| Some(uniform_tile(tile));
        let root = |size| Plan::root(size).expect("within bounds").build(read).expect("all tiles are there");
        for at in [other % new, new - 1 - near.min(new - 1), near.min(new - 1)] {
            let plan = Plan::inclusion(at, new).expect("the tree has the leaf");
            prop_assert!(plan.tiles().is_sorted() && plan.tiles().iter().all(|tile| tile.fits(new)));
            prop_assert!(plan.tiles().len() <= 2 * usize::from(Tile::levels(new)));
            let proof = plan.build(read).expect("all tiles are there");
            prop_assert_eq!(verify_inclusion(uniform_hash(0), at, new, root(new), &proof), Ok(()));

            let old = at + 1;
            let plan = Plan::consistency(old, new).expect("the tree grows");
            prop_assert!(plan.tiles().is_sorted() && plan.tiles().iter().all(|tile| tile.fits(new)));
            prop_assert!(plan.tiles().len() <= 2 * usize::from(Tile::levels(new)));
            let proof: Vec<Hash> = plan.build(read).expect("all tiles are there");
            prop_assert_eq!(verify_consistency(old, root(old), new, root(new), &proof), Ok(()));
        }
        let edge = Plan::edge(new).expect("within bounds").build(read).expect("all tiles are there");
        prop_assert_eq!((edge.size(), edge.root()), (new, root(new)));
        let height = new.ilog2();
        let plan = Plan::subtree(u8::try_from(height).expect("below 64"), 0, new).expect("it is whole");
        prop_assert_eq!(plan.build(read), Ok(uniform_hash(height)));
    }
}
