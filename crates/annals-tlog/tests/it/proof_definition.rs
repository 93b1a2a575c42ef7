//! All proofs in small trees, as RFC 6962 defines them.

use annals_tlog::{
    Edge, Hash,
    proof::{Plan, verify_consistency, verify_inclusion},
};

use crate::{
    log::{Log, place},
    oracle::root_by_definition,
};

const SIZE_MAX: u64 = 70;

/// `PATH(m, D[n])` of §2.1.1.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(split);
    if index < split {
        [path(index, left), vec![root_by_definition(right)]].concat()
    } else {
        [path(index - split, right), vec![root_by_definition(left)]].concat()
    }
}

/// `SUBPROOF(m, D[n], b)` of §2.1.2; `PROOF(m, D[n])` is `SUBPROOF(m, D[n], true)`.
fn subproof(old: usize, leaves: &[Hash], is_whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if is_whole { Vec::new() } else { vec![root_by_definition(leaves)] };
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(split);
    if old <= split {
        [subproof(old, left, is_whole), vec![root_by_definition(right)]].concat()
    } else {
        [subproof(old - split, right, false), vec![root_by_definition(left)]].concat()
    }
}

#[test]
fn every_leaf_of_every_small_tree() {
    let log = Log::of(SIZE_MAX);
    for size in 1..=SIZE_MAX {
        for index in 0..size {
            let plan = Plan::inclusion(index, size).expect("the tree has the leaf");
            let proof = plan.build(|tile| log.tile(tile)).expect("all tiles are there");
            assert_eq!(proof, path(place(index), &log.leaves()[..place(size)]), "{index} in {size}");
            let verified = verify_inclusion(log.leaf(index), index, size, log.root(size), &proof);
            assert_eq!(verified, Ok(()), "{index} in {size}");
        }
    }
}

#[test]
fn every_pair_of_small_trees() {
    let log = Log::of(SIZE_MAX);
    for new in 0..=SIZE_MAX {
        for old in 0..=new {
            let plan = Plan::consistency(old, new).expect("the tree grows");
            let proof = plan.build(|tile| log.tile(tile)).expect("all tiles are there");
            let expected = match old {
                0 => Vec::new(),
                _ => subproof(place(old), &log.leaves()[..place(new)], true),
            };
            assert_eq!(proof, expected, "{old} to {new}");
            let verified = verify_consistency(old, log.root(old), new, log.root(new), &proof);
            assert_eq!(verified, Ok(()), "{old} to {new}");
        }
    }
}

#[test]
fn every_root_edge_and_subtree_of_small_trees() {
    let log = Log::of(SIZE_MAX);
    let mut edge = Edge::new();
    for size in 0..=SIZE_MAX {
        let root = Plan::root(size).expect("a small tree").build(|tile| log.tile(tile));
        assert_eq!(root, Ok(root_by_definition(&log.leaves()[..place(size)])), "{size}");
        let read = Plan::edge(size).expect("a small tree").build(|tile| log.tile(tile));
        assert_eq!(read.as_ref(), Ok(&edge), "{size}");
        for height in 0..8 {
            for index in 0..size >> height {
                let plan = Plan::subtree(height, index, size).expect("the subtree is whole");
                let leaves = place(index << height)..place((index + 1) << height);
                let expected = root_by_definition(&log.leaves()[leaves]);
                assert_eq!(plan.build(|tile| log.tile(tile)), Ok(expected), "{height} {index} {size}");
            }
            assert!(Plan::subtree(height, size >> height, size).is_err());
        }
        if size < SIZE_MAX {
            edge.push(log.leaf(size));
        }
    }
}
