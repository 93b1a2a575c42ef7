//! Proofs of large trees, compared with the `tlog_tiles` crate's, which also verifies ours.

use std::sync::LazyLock;

use annals_tlog::{
    Hash,
    proof::{Plan, verify_consistency, verify_inclusion},
};
use proptest::prelude::*;

use crate::{
    log::{LARGE, entry, place},
    oracle::Stored,
};

/// Around the borders of tiles, and the largest that there is.
const SIZES: [u64; 11] = [1, 2, 255, 256, 257, 512, 65_535, 65_536, 65_537, 65_792, 70_000];

/// All hashes of the same log as `tlog_tiles` stores them.
static STORED: LazyLock<Vec<tlog_tiles::Hash>> = LazyLock::new(|| {
    let mut stored = Vec::new();
    for index in 0..70_000 {
        let written = tlog_tiles::stored_hashes(index, &entry(index), &Stored(&stored));
        stored.extend(written.expect("all hashes are stored"));
    }
    stored
});

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash::from_bytes(hash.0)).collect()
}

fn theirs(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash.as_bytes())
}

fn check_inclusion(index: u64, size: u64) {
    let plan = Plan::inclusion(index, size).expect("the tree has the leaf");
    assert!(plan.tiles().len() <= 5, "{index} in {size}: {:?}", plan.tiles());
    let proof = plan.build(|tile| LARGE.tile(tile)).expect("all tiles are there");
    let expected = tlog_tiles::prove_record(size, index, &Stored(&STORED)).expect("all hashes are stored");
    assert_eq!(proof, ours(&expected), "{index} in {size}");
    assert_eq!(plan.build(|tile| LARGE.grown_tile(tile)), Ok(proof.clone()), "{index} in {size}");

    let (leaf, root) = (LARGE.leaf(index), LARGE.root(size));
    assert_eq!(verify_inclusion(leaf, index, size, root, &proof), Ok(()), "{index} in {size}");
    let proof = proof.into_iter().map(theirs).collect();
    let checked = tlog_tiles::check_record(&proof, size, theirs(root), index, theirs(leaf));
    assert!(checked.is_ok(), "{index} in {size}");
}

fn check_consistency(old: u64, new: u64) {
    let plan = Plan::consistency(old, new).expect("the tree grows");
    assert!(plan.tiles().len() <= 5, "{old} to {new}: {:?}", plan.tiles());
    let proof = plan.build(|tile| LARGE.tile(tile)).expect("all tiles are there");
    let expected = tlog_tiles::prove_tree(new, old, &Stored(&STORED)).expect("all hashes are stored");
    assert_eq!(proof, ours(&expected), "{old} to {new}");
    assert_eq!(plan.build(|tile| LARGE.grown_tile(tile)), Ok(proof.clone()), "{old} to {new}");

    let (old_root, new_root) = (LARGE.root(old), LARGE.root(new));
    assert_eq!(verify_consistency(old, old_root, new, new_root, &proof), Ok(()), "{old} to {new}");
    let proof = proof.into_iter().map(theirs).collect();
    let checked = tlog_tiles::check_tree(&proof, new, theirs(new_root), old, theirs(old_root));
    assert!(checked.is_ok(), "{old} to {new}");
}

#[test]
fn inclusion_around_tile_borders() {
    for size in SIZES {
        let around = SIZES.iter().flat_map(|border| border - 1..=border + 1);
        for index in around.chain([0, size / 2, size - 1]).filter(|index| *index < size) {
            check_inclusion(index, size);
        }
    }
}

#[test]
fn consistency_around_tile_borders() {
    for new in SIZES {
        let around = SIZES.iter().flat_map(|border| border - 1..=border + 1);
        for old in around.chain([new / 2, new - 1]).filter(|old| (1..=new).contains(old)) {
            check_consistency(old, new);
        }
    }
}

#[test]
fn roots_around_tile_borders() {
    for size in SIZES {
        let root = Plan::root(size).expect("the tree is small").build(|tile| LARGE.tile(tile));
        let expected = tlog_tiles::tree_hash(size, &Stored(&STORED)).expect("all hashes are stored");
        assert_eq!(root, Ok(Hash::from_bytes(expected.0)), "{size}");
        assert_eq!(root, Ok(LARGE.root(size)), "{size}");
    }
}

proptest! {
    #[test]
    fn any_leaf_of_any_size(size in 1..=70_000_u64, index in any::<prop::sample::Index>()) {
        check_inclusion(index.index(place(size)) as u64, size);
    }

    #[test]
    fn any_two_sizes(new in 1..=70_000_u64, old in any::<prop::sample::Index>()) {
        check_consistency(old.index(place(new)) as u64 + 1, new);
    }
}
