//! A log in memory, which signs what it is told to.

use annals_tlog::{
    Edge, Hash,
    checkpoint::Checkpoint,
    leaf_hash,
    note::{KeyType, Note, SignerKey},
    proof::Plan,
    tile::Tile,
    witness::AddCheckpoint,
};

/// A log with the roots and the tiles of all its sizes.
pub(super) struct TestLog {
    pub(super) origin: String,
    pub(super) key: SignerKey,
    /// Hashes by level of tiles, leaf hashes first.
    levels: Vec<Vec<Hash>>,
    roots: Vec<Hash>,
}

impl TestLog {
    /// A log whose entries all logs share that are made so.
    pub(super) fn new(origin: &str, size: u64) -> Self {
        Self::forked(origin, size, u64::MAX, 0)
    }

    /// A log that shares the first `shared` entries with all others, and has entries of its own `branch` after them. It
    /// signs with the key that all logs of this origin have.
    pub(super) fn forked(origin: &str, size: u64, shared: u64, branch: u64) -> Self {
        let mut edge = Edge::new();
        let (mut levels, mut roots) = (vec![Vec::new(); 8], vec![edge.root()]);
        for index in 0..size {
            let entry = if index < shared { [index, 0] } else { [index, branch] };
            let leaf = leaf_hash(entry.map(u64::to_be_bytes).as_flattened());
            levels[0].push(leaf);
            edge.push_tiled(leaf, |level, _, hash| levels[usize::from(level)].push(hash));
            roots.push(edge.root());
        }
        let key = SignerKey::new(origin, KeyType::Ed25519, leaf_hash(origin.as_bytes()).as_bytes());
        Self { origin: origin.to_owned(), key: key.expect("a good name"), levels, roots }
    }

    pub(super) fn size(&self) -> u64 {
        self.roots.len() as u64 - 1
    }

    pub(super) fn vkey(&self) -> String {
        self.key.verifier().to_string()
    }

    /// The checkpoint of a size, which nobody has signed.
    pub(super) fn plain_checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint::new(&*self.origin, size, self.roots[place(size)]).expect("a checkpoint")
    }

    /// The checkpoint of a size as the log signs it.
    pub(super) fn checkpoint(&self, size: u64) -> Note {
        self.checkpoint_by(size, &self.key)
    }

    /// The checkpoint of a size as this key signs it.
    pub(super) fn checkpoint_by(&self, size: u64, key: &SignerKey) -> Note {
        let mut note = Note::new(self.plain_checkpoint(size).to_string()).expect("a note");
        note.sign(key).expect("the key signs");
        note
    }

    /// The proof that the log has only grown from one size to another.
    pub(super) fn prove(&self, old_size: u64, size: u64) -> Vec<Hash> {
        let plan = Plan::consistency(old_size, size).expect("sizes of the log");
        plan.build(|tile| Some(self.tile(tile))).expect("tiles of the log")
    }

    /// A request that is in order if the witness knows `old_size` entries.
    pub(super) fn request(&self, old_size: u64, size: u64) -> String {
        let proof = self.prove(old_size, size);
        AddCheckpoint::new(old_size, proof, self.checkpoint(size)).expect("a request").to_string()
    }

    fn tile(&self, tile: Tile) -> Vec<u8> {
        let positions = tile.positions();
        let hashes = &self.levels[usize::from(tile.level())][place(positions.start)..place(positions.end)];
        hashes.iter().flat_map(Hash::as_bytes).copied().collect()
    }
}

fn place(number: u64) -> usize {
    usize::try_from(number).expect("a log in memory is small")
}
