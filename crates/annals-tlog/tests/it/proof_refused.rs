//! Proofs that prove nothing, each refused for what is wrong with it.

use annals_tlog::{
    Edge, Hash, leaf_hash,
    proof::{Plan, SizeError, VerifyError, verify_consistency, verify_inclusion},
};
use proptest::prelude::*;

use crate::log::Log;

const SIZE_MAX: u64 = 70;

fn wrong() -> Hash {
    leaf_hash(b"no such entry")
}

/// The proof with one bit of one of its hashes changed, for each hash.
fn mutations(proof: &[Hash]) -> impl Iterator<Item = Vec<Hash>> {
    (0..proof.len()).map(|at| {
        let mut changed = proof.to_vec();
        let mut bytes = *changed[at].as_bytes();
        bytes[at % 32] ^= 1 << (at % 8);
        changed[at] = Hash::from_bytes(bytes);
        changed
    })
}

/// The proof with a hash more or less at either end or in the middle.
fn other_lengths(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut others = Vec::new();
    for at in [0, proof.len() / 2, proof.len()] {
        let mut longer = proof.to_vec();
        longer.insert(at, wrong());
        others.push(longer);
        if at < proof.len() {
            let mut shorter = proof.to_vec();
            shorter.remove(at);
            others.push(shorter);
        }
    }
    others.extend(proof.split_last().map(|(_, shorter)| shorter.to_vec()));
    others.push([proof, proof, &[wrong()]].concat());
    others
}

#[test]
fn inclusion_proofs_with_a_fault() {
    let log = Log::of(SIZE_MAX);
    for size in 1..=SIZE_MAX {
        for index in 0..size {
            let plan = Plan::inclusion(index, size).expect("the tree has the leaf");
            let proof = plan.build(|tile| log.tile(tile)).expect("all tiles are there");
            let (leaf, root) = (log.leaf(index), log.root(size));
            let verify = |leaf, index, root, proof: &[Hash]| verify_inclusion(leaf, index, size, root, proof);
            let is_wrong_root = |result| matches!(result, Err(VerifyError::WrongRoot { .. }));

            for mutated in mutations(&proof) {
                assert!(is_wrong_root(verify(leaf, index, root, &mutated)), "{index} in {size}");
            }
            for other in other_lengths(&proof) {
                let error = VerifyError::WrongLength { expected: proof.len(), actual: other.len() };
                assert_eq!(verify(leaf, index, root, &other), Err(error), "{index} in {size}");
            }
            assert!(is_wrong_root(verify(wrong(), index, root, &proof)), "{index} in {size}");
            let error = VerifyError::WrongRoot { computed: root };
            assert_eq!(verify(leaf, index, wrong(), &proof), Err(error), "{index} in {size}");
            for other in (0..size).filter(|other| *other != index) {
                assert!(verify(leaf, other, root, &proof).is_err(), "{index} as {other} in {size}");
            }
        }
    }
}

#[test]
fn consistency_proofs_with_a_fault() {
    let log = Log::of(SIZE_MAX);
    for new in 1..=SIZE_MAX {
        for old in 1..=new {
            let plan = Plan::consistency(old, new).expect("the tree grows");
            let proof = plan.build(|tile| log.tile(tile)).expect("all tiles are there");
            let (old_root, new_root) = (log.root(old), log.root(new));
            let verify =
                |old_root, new_root, proof: &[Hash]| verify_consistency(old, old_root, new, new_root, proof);

            for mutated in mutations(&proof) {
                let error = verify(old_root, new_root, &mutated).expect_err("a hash is another");
                let is_root =
                    matches!(error, VerifyError::WrongRoot { .. } | VerifyError::WrongOldRoot { .. });
                assert!(is_root, "{old} to {new}: {error}");
            }
            for other in other_lengths(&proof) {
                let error = VerifyError::WrongLength { expected: proof.len(), actual: other.len() };
                assert_eq!(verify(old_root, new_root, &other), Err(error), "{old} to {new}");
            }
            assert!(verify(wrong(), new_root, &proof).is_err(), "{old} to {new}");
            let error = VerifyError::WrongRoot { computed: new_root };
            assert_eq!(verify(old_root, wrong(), &proof), Err(error), "{old} to {new}");
            if old < new {
                assert!(verify(new_root, old_root, &proof).is_err(), "{old} to {new}");
                if !old.is_power_of_two() {
                    let error = VerifyError::WrongOldRoot { computed: old_root };
                    assert_eq!(verify(wrong(), new_root, &proof), Err(error), "{old} to {new}");
                }
            }
        }
    }
}

#[test]
fn the_empty_tree_is_the_beginning_of_all() {
    let root = wrong();
    let verify = verify_consistency;
    assert_eq!(verify(0, Hash::EMPTY_ROOT, 0, Hash::EMPTY_ROOT, &[]), Ok(()));
    assert_eq!(verify(0, Hash::EMPTY_ROOT, 7, root, &[]), Ok(()));
    let not_empty = Err(VerifyError::WrongOldRoot { computed: Hash::EMPTY_ROOT });
    assert_eq!(verify(0, root, 7, root, &[]), not_empty);
    assert_eq!(verify(0, root, 0, root, &[]), not_empty);
    let another = Err(VerifyError::WrongRoot { computed: Hash::EMPTY_ROOT });
    assert_eq!(verify(0, Hash::EMPTY_ROOT, 0, root, &[]), another);
    let too_long = Err(VerifyError::WrongLength { expected: 0, actual: 1 });
    assert_eq!(verify(0, Hash::EMPTY_ROOT, 7, root, &[root]), too_long);
    assert_eq!(verify(7, root, 7, root, &[root]), too_long);
    assert_eq!(verify(7, root, 7, root, &[]), Ok(()));
}

#[test]
fn sizes_without_a_proof() {
    let root = wrong();
    let too_large = SizeError::TooLarge { size: 1 << 63 };
    assert_eq!(verify_inclusion(root, 0, 1 << 63, root, &[]), Err(VerifyError::Size(too_large)));
    assert_eq!(verify_consistency(1, root, 1 << 63, root, &[]), Err(VerifyError::Size(too_large)));
    let no_leaf = SizeError::NoLeaf { index: 5, size: 5 };
    assert_eq!(verify_inclusion(root, 5, 5, root, &[]), Err(VerifyError::Size(no_leaf)));
    let empty = SizeError::NoLeaf { index: 0, size: 0 };
    assert_eq!(verify_inclusion(root, 0, 0, root, &[]), Err(VerifyError::Size(empty)));
    let shrinks = SizeError::Shrinks { old: 5, new: 4 };
    assert_eq!(verify_consistency(5, root, 4, root, &[]), Err(VerifyError::Size(shrinks)));
}

#[test]
fn errors_say_what_is_wrong() {
    let error = VerifyError::from(SizeError::Shrinks { old: 5, new: 4 });
    assert_eq!(error.to_string(), "there is no proof of this");
    let source = std::error::Error::source(&error).expect("why there is none");
    assert_eq!(source.to_string(), "a tree of 5 leaves cannot become one of 4 leaves");
    let error = VerifyError::WrongLength { expected: 3, actual: 2 };
    assert_eq!(error.to_string(), "the proof has 3 hashes, not 2");
    assert!(std::error::Error::source(&error).is_none());
    let computed = Hash::EMPTY_ROOT;
    let hash = computed.to_string();
    let error = VerifyError::WrongRoot { computed }.to_string();
    assert_eq!(error, format!("the proof leads to another root: {hash}"));
    let error = VerifyError::WrongOldRoot { computed }.to_string();
    assert_eq!(error, format!("the proof leads to another root of the older tree: {hash}"));
}

fn sizes() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), 0..20_u64, Edge::SIZE_MAX - 2..=Edge::SIZE_MAX + 2, Just(u64::MAX)]
}

proptest! {
    #[test]
    fn no_numbers_panic(a in sizes(), b in sizes(), length in 0..130_usize, byte in any::<u8>()) {
        let hash = Hash::from_bytes([byte; 32]);
        let proof = vec![hash; length];
        if a != 0 || b != 1 || length > 0 {
            prop_assert!(verify_inclusion(hash, a, b, hash, &proof).is_err());
        }
        if a != b || length > 0 {
            prop_assert!(verify_consistency(a, hash, b, hash, &proof).is_err());
        }
    }
}
