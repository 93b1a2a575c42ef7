//! What `Edge::from_bytes` makes of bytes that nobody vouches for.

use annals_tlog::{Edge, EdgeError, Hash, leaf_hash};
use proptest::prelude::*;

#[test]
fn empty_tree_has_an_empty_edge() {
    assert!(Edge::new().to_bytes().is_empty());
    assert_eq!(Edge::from_bytes(0, &[]), Ok(Edge::new()));
    assert_eq!(Edge::default(), Edge::new());
}

#[test]
fn roots_are_written_largest_subtree_first() {
    let leaves = [leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")];
    let mut edge = Edge::new();
    edge.push(leaves[0]);
    edge.push(leaves[1]);
    let pair = edge.root();
    edge.push(leaves[2]);
    assert_eq!(edge.to_bytes(), [*pair.as_bytes(), *leaves[2].as_bytes()].concat());
}

#[test]
fn errors_name_the_size_and_both_lengths() {
    let error = Edge::from_bytes(7, &[0; 65]).expect_err("65 bytes are not three hashes");
    assert_eq!(error, EdgeError::WrongLength { size: 7, expected: 96, actual: 65 });
    assert_eq!(error.to_string(), "the edge of a tree of 7 leaves is 96 bytes long, not 65");
}

#[test]
fn size_cannot_overflow() {
    let all = vec![0; 64 * Hash::LEN];
    let error = Edge::from_bytes(u64::MAX, &all).expect_err("the size leaves no room to grow");
    assert_eq!(error, EdgeError::TooLarge { size: u64::MAX });
    assert_eq!(error.to_string(), "a tree has at most 9223372036854775807 leaves, not 18446744073709551615");

    let mut edge = Edge::from_bytes(Edge::SIZE_MAX, &all[Hash::LEN..]).expect("the largest edge is taken");
    edge.push(Hash::EMPTY_ROOT);
    assert_eq!(edge.size(), 1 << 63);
    assert_eq!(edge.to_bytes().len(), Hash::LEN);
}

proptest! {
    #[test]
    fn any_bytes_are_an_edge_or_an_error(
        size in any::<u64>(),
        bytes in prop::collection::vec(any::<u8>(), 0..2100),
    ) {
        if let Ok(edge) = Edge::from_bytes(size, &bytes) {
            prop_assert_eq!(edge.size(), size);
            prop_assert_eq!(edge.to_bytes(), bytes);
        } else {
            let expected = size.count_ones() as usize * Hash::LEN;
            prop_assert!(size > Edge::SIZE_MAX || bytes.len() != expected);
        }
    }

    #[test]
    fn right_length_is_an_edge(size in 0..=Edge::SIZE_MAX, byte in any::<u8>()) {
        let bytes = vec![byte; size.count_ones() as usize * Hash::LEN];
        let edge = Edge::from_bytes(size, &bytes).expect("one hash for each 1 in the size");
        prop_assert_eq!(edge.to_bytes(), bytes);
    }
}
