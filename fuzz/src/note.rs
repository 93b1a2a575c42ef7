//! Signed notes and what is made of them: whatever is read is shown again byte for byte, and nobody else's signature is
//! taken for one of ours.

use std::sync::LazyLock;

use annals_tlog::checkpoint::Checkpoint;
use annals_tlog::note::{KeyType, Note, SignerKey, VerifierKey};
use annals_tlog::proof_file::ProofFile;
use annals_tlog::witness::{self, AddCheckpoint, KnownLog};

/// The keys that signed what is in the corpus: one of each type, called `a`.
static KEYS: LazyLock<Vec<VerifierKey>> = LazyLock::new(|| {
    let types = [KeyType::Ed25519, KeyType::Ed25519Cosignature, KeyType::MlDsa44Cosignature];
    let key = |key_type| SignerKey::new("a", key_type, &[7; 32]).expect("a good name").verifier().clone();
    types.map(key).to_vec()
});

/// Checks bytes as each of the things that they can be.
pub fn note(input: &[u8]) {
    if let Ok(note) = Note::parse(input) {
        assert_eq!(note.to_string().as_bytes(), input);
        check_signatures(&note);
        let signatures = witness::format_signatures(note.signatures());
        assert_eq!(witness::parse_signatures(signatures.as_bytes()).as_deref(), Ok(note.signatures()));
    }
    if let Ok(request) = AddCheckpoint::parse(input) {
        assert_eq!(request.to_string().as_bytes(), input);
        assert_eq!(request.note().text(), request.checkpoint().to_string());
        let log = KnownLog { keys: &KEYS, size: request.old_size(), root: request.checkpoint().root() };
        let decided = request.decide(Some(log), |old, _, new, _, proof| {
            assert!(0 < old && old < new);
            !proof.is_empty()
        });
        assert!(decided.is_err() || request.note().verify(&KEYS).is_ok());
    }
    if let Ok(file) = ProofFile::parse(input) {
        assert_eq!(file.to_string().as_bytes(), input);
        assert!(file.index() < file.checkpoint().size());
    }
    if let Ok(signatures) = witness::parse_signatures(input) {
        assert_eq!(witness::format_signatures(&signatures).as_bytes(), input);
    }
    if let Some(size) = witness::parse_size(input) {
        assert_eq!(witness::format_size(size).as_bytes(), input);
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
        assert!(Note::new(text).is_ok(), "a checkpoint is the text of a note");
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = text.parse::<SignerKey>() {
        assert_eq!(key.to_secret_text(), text);
        assert_eq!(key.verifier().to_string().parse().as_ref(), Ok(key.verifier()));
    }
}

fn check_signatures(note: &Note) {
    let Ok(signed) = note.verify(&KEYS) else { return };
    assert!(!signed.is_empty() && signed.len() <= KEYS.len());
    for by in signed {
        let named = note.signatures().iter().any(|signature| by.key().is_named_in(signature));
        assert!(named, "{:?} is said to have signed", by.key());
        let cosigned = by.key().key_type() != KeyType::Ed25519;
        assert!(!cosigned || note.text().parse::<Checkpoint>().is_ok(), "something else was cosigned");
    }
}
