//! Keys, and bytes with one bit flipped, for the tests of what is signed.

use annals_tlog::checkpoint::Checkpoint;
use annals_tlog::note::{KeyType, Note, SignerKey, VerifierKey};
use annals_tlog::{Hash, leaf_hash};

pub(crate) const ORIGIN: &str = "example.com/log";

/// A key of each type that cosigns.
pub(crate) const COSIGNATURES: [KeyType; 2] = [KeyType::Ed25519Cosignature, KeyType::MlDsa44Cosignature];

pub(crate) fn key(name: &str, key_type: KeyType) -> SignerKey {
    let seed = leaf_hash(format!("{name} {key_type:?}").as_bytes());
    SignerKey::new(name, key_type, seed.as_bytes()).expect("a good name")
}

pub(crate) fn log_key() -> SignerKey {
    key(ORIGIN, KeyType::Ed25519)
}

pub(crate) fn verifiers(keys: &[&SignerKey]) -> Vec<VerifierKey> {
    keys.iter().map(|key| key.verifier().clone()).collect()
}

/// A checkpoint of the log that the log has signed.
pub(crate) fn signed_checkpoint(size: u64, root: Hash) -> Note {
    let checkpoint = Checkpoint::new(ORIGIN, size, root).expect("a checkpoint");
    let mut note = Note::new(checkpoint.to_string()).expect("a checkpoint is a note");
    note.sign(&log_key()).expect("the log signs");
    note
}

/// The bytes with one bit of each flipped: another bit of each in every round of eight.
pub(crate) fn with_a_flip(bytes: &[u8], rounds: usize) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..rounds).flat_map(move |round| {
        (0..bytes.len()).map(move |at| {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1 << ((at + round) % 8);
            (at, flipped)
        })
    })
}
