//! Compares roots with RFC 6962's recursive definition, and with the `tlog_tiles` crate at the borders of
//! tiles.

use annals_tlog::{Edge, Hash, leaf_hash, node_hash};
use proptest::prelude::*;

fn edge_of(leaves: &[Hash]) -> Edge {
    let mut edge = Edge::new();
    for leaf in leaves {
        edge.push(*leaf);
    }
    edge
}

/// The Merkle tree hash, word for word as RFC 6962 §2.1 defines it.
pub(crate) fn root_by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            // The largest power of two smaller than the number of leaves.
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(split);
            node_hash(&root_by_definition(left), &root_by_definition(right))
        }
    }
}

proptest! {
    #[test]
    fn root_is_what_the_definition_says(leaves in prop::collection::vec(any::<[u8; 32]>(), 0..600)) {
        let leaves: Vec<Hash> = leaves.into_iter().map(Hash::from).collect();
        let edge = edge_of(&leaves);
        prop_assert_eq!(edge.size(), leaves.len() as u64);
        prop_assert_eq!(edge.root(), root_by_definition(&leaves));
    }

    #[test]
    fn stored_edge_grows_like_the_one_kept(
        leaves in prop::collection::vec(any::<[u8; 32]>(), 1..300),
        at in any::<prop::sample::Index>(),
    ) {
        let leaves: Vec<Hash> = leaves.into_iter().map(Hash::from).collect();
        let (before, after) = leaves.split_at(at.index(leaves.len()));
        let stored = edge_of(before).to_bytes();
        let mut reopened = Edge::from_bytes(before.len() as u64, &stored).expect("the edge was just written");
        for leaf in after {
            reopened.push(*leaf);
        }
        prop_assert_eq!(reopened, edge_of(&leaves));
    }
}

#[test]
fn root_is_what_tlog_tiles_says_around_tile_borders() {
    const SIZES: [u64; 9] = [1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537];
    let mut edge = Edge::new();
    let mut stored: Vec<tlog_tiles::Hash> = Vec::new();
    for index in 0..65_537_u64 {
        let data = index.to_be_bytes();
        edge.push(leaf_hash(&data));
        let written =
            tlog_tiles::stored_hashes(index, &data, &Stored(&stored)).expect("all hashes are stored");
        stored.extend(written);
        if SIZES.contains(&edge.size()) {
            let expected =
                tlog_tiles::tree_hash(edge.size(), &Stored(&stored)).expect("all hashes are stored");
            assert_eq!(edge.root().as_bytes(), &expected.0, "at {} leaves", edge.size());
        }
    }
}

/// All hashes written so far, in the order in which `tlog_tiles` numbers them.
pub(crate) struct Stored<'a>(pub(crate) &'a [tlog_tiles::Hash]);

impl tlog_tiles::HashReader for Stored<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let hash_at = |index: &u64| {
            let position = usize::try_from(*index).ok()?;
            self.0.get(position).copied()
        };
        indexes.iter().map(hash_at).collect::<Option<_>>().ok_or(tlog_tiles::Error::IndexesNotInTree)
    }
}
