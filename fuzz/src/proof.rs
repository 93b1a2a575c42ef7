//! Proofs: any of them is verified or refused, and only the right one is verified.

use std::sync::LazyLock;

use annals_tlog::{
    Hash, leaf_hash, node_hash,
    proof::{Plan, verify_consistency, verify_inclusion},
    tile::Tile,
};

/// Checks two sizes, then a proof: 32 bytes a hash.
pub fn proof(input: &[u8]) {
    let Some((small, rest)) = input.split_first_chunk() else { return };
    let Some((large, rest)) = rest.split_first_chunk() else { return };
    let (small, large) = (u64::from_le_bytes(*small), u64::from_le_bytes(*large));
    let given: Vec<Hash> = rest.as_chunks().0.iter().copied().map(Hash::from_bytes).collect();

    check_inclusion(small, large, &given);
    check_consistency(small, large, &given);
    if let Ok(plan) = Plan::edge(large) {
        let edge = plan.build(|tile| Some(bytes(tile))).expect("all tiles are there");
        assert_eq!((edge.size(), edge.root()), (large, root(large)));
    }
    if let [height, ..] = rest
        && let Ok(plan) = Plan::subtree(*height, small, large)
    {
        assert_eq!(plan.build(|tile| Some(bytes(tile))), Ok(perfect(u32::from(*height))));
    }
}

fn check_inclusion(index: u64, size: u64, given: &[Hash]) {
    let Ok(plan) = Plan::inclusion(index, size) else {
        assert!(verify_inclusion(perfect(0), index, size, Hash::EMPTY_ROOT, given).is_err());
        return;
    };
    let proof = plan.build(|tile| Some(bytes(tile))).expect("all tiles are there");
    let root = root(size);
    let verify = |proof: &[Hash]| verify_inclusion(perfect(0), index, size, root, proof);
    assert_eq!(verify(&proof), Ok(()));
    assert_eq!(verify(given).is_ok(), given == proof);
    for changed in changed(&proof, given) {
        assert_eq!(verify(&changed).is_ok(), changed == proof);
    }
}

fn check_consistency(old: u64, new: u64, given: &[Hash]) {
    let Ok(plan) = Plan::consistency(old, new) else {
        assert!(verify_consistency(old, Hash::EMPTY_ROOT, new, Hash::EMPTY_ROOT, given).is_err());
        return;
    };
    let proof = plan.build(|tile| Some(bytes(tile))).expect("all tiles are there");
    let (old_root, new_root) = (root(old), root(new));
    let verify = |proof: &[Hash]| verify_consistency(old, old_root, new, new_root, proof);
    assert_eq!(verify(&proof), Ok(()));
    assert_eq!(verify(given).is_ok(), given == proof);
    for changed in changed(&proof, given) {
        assert_eq!(verify(&changed).is_ok(), changed == proof);
    }
}

/// The proof with a hash of another in place of each of its own, and after them.
fn changed(proof: &[Hash], other: &[Hash]) -> impl Iterator<Item = Vec<Hash>> {
    other.iter().take(proof.len() + 1).enumerate().map(|(at, hash)| {
        let mut changed = proof.to_vec();
        changed.splice(at..proof.len().min(at + 1), [*hash]);
        changed
    })
}

/// The bytes of a tile in a log of any size whose leaves are all the same: all subtrees of a height are, too.
fn bytes(tile: Tile) -> Vec<u8> {
    perfect(8 * u32::from(tile.level())).as_bytes().repeat(usize::from(tile.width()))
}

/// The root of 2^`height` such leaves.
fn perfect(height: u32) -> Hash {
    PERFECT[height as usize]
}

static PERFECT: LazyLock<Vec<Hash>> = LazyLock::new(|| {
    let twice = |hash: &Hash| Some(node_hash(hash, hash));
    std::iter::successors(Some(leaf_hash(b"")), twice).take(64).collect()
});

/// The root of `size` such leaves.
fn root(size: u64) -> Hash {
    Plan::root(size)
        .expect("the size has a plan")
        .build(|tile| Some(bytes(tile)))
        .expect("all tiles are there")
}
