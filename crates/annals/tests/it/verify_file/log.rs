//! A log made by hand: entries, the tree over them as RFC 6962 defines it, signed checkpoints, proof files.

use annals_format::{
    Draft, Event, LogToken, Row, Timestamp,
    entry::{Origin, Section},
    event::Rules,
    json,
};
use annals_tlog::{
    Hash,
    checkpoint::Checkpoint,
    leaf_hash, node_hash,
    note::{KeyType, Note, SignerKey},
    proof_file::ProofFile,
};
use base64::prelude::{BASE64_STANDARD, Engine as _};

/// The name of the log, and of its key.
pub(super) const ORIGIN: &str = "audit.example.com/acct_1";

/// When witnesses cosign: 2026-03-04T12:00:00Z.
pub(super) const COSIGNED_AT: u64 = 1_772_625_600;

pub(super) fn key(name: &str, key_type: KeyType, seed: u8) -> SignerKey {
    SignerKey::new(name, key_type, &[seed; 32]).expect("a good name")
}

/// The log's own key.
pub(super) fn log_key() -> SignerKey {
    key(ORIGIN, KeyType::Ed25519, 1)
}

/// Two witnesses, one of each type.
pub(super) fn witnesses() -> [SignerKey; 2] {
    [
        key("witness.example.org/a", KeyType::Ed25519Cosignature, 2),
        key("witness.example.net/b", KeyType::MlDsa44Cosignature, 3),
    ]
}

/// Rows of seven entries; the one at index 4 is what the tests are about.
pub(super) fn rows() -> Vec<Vec<u8>> {
    let row = |number: u8| {
        let event = format!(
            r#"{{"object_type":"cost_report","action":"update","object_token":"rprt_{number:016x}",
                "object_title":"Cloud \"spend\" {number}","source":"api","user":"Ada Lovelace","user_id":1815,
                "user_role":"Owner","before":{{"limit":1.10,"tags":["a"]}},
                "after":{{"limit":18446744073709551616,"tags":["a"]}},"context":{{"ip":"203.0.113.7"}}}}"#
        );
        let event = json::minify(&event, 64).expect("an event is JSON").text;
        let rules = Rules { import: true, now: Timestamp::from_us(1_800_000_000_000_000) };
        let event = Event::parse(&event, None, &rules).expect("an event is valid");
        let origin = Origin {
            token: LogToken(0x7c1f_0a93_be52_d840 + u64::from(number)),
            seed: [number; 16],
            workspace_token: Some("wrkspc_0a1b2c3d4e5f6071"),
            workspace_title: Some("Finance"),
        };
        Draft::new(&event, &origin).complete(Timestamp::from_us(1_772_616_600_123_456)).row
    };
    (0..7).map(row).collect()
}

/// The checkpoint of the log with all its entries.
pub(super) fn checkpoint() -> Checkpoint {
    let leaves = leaves();
    Checkpoint::new(ORIGIN, leaves.len() as u64, root(&leaves)).expect("a good origin")
}

/// A checkpoint with signatures of a log and of witnesses.
pub(super) fn signed(checkpoint: &Checkpoint, log: &SignerKey, witnesses: &[SignerKey], time: u64) -> Note {
    let mut note = Note::new(checkpoint.to_string()).expect("a note");
    note.sign(log).expect("a signature");
    for witness in witnesses {
        note.cosign(witness, time).expect("a cosignature");
    }
    note
}

/// The checkpoint of the log as the log and both witnesses signed it.
pub(super) fn note() -> Note {
    signed(&checkpoint(), &log_key(), &witnesses(), COSIGNED_AT)
}

/// The proof file of an entry, whose sections in `withhold` are left out.
pub(super) fn proof(index: usize, withhold: &[Section], note: Note) -> String {
    let rows = rows();
    let entry = Row::decode(&rows[index]).expect("own row").disclosure(withhold);
    let hashes = inclusion(index, &leaves());
    ProofFile::new(index as u64, hashes, note, Some(entry.into_bytes())).expect("a proof file").to_string()
}

/// The text of the entry in a file.
pub(super) fn entry_of(file: &str) -> String {
    let file = ProofFile::parse(file.as_bytes()).expect("a proof file");
    String::from_utf8(file.extra().expect("extra data").to_vec()).expect("UTF-8")
}

/// The file with another text for its entry.
pub(super) fn with_entry(file: &str, edit: impl Fn(&str) -> String) -> String {
    let text = entry_of(file);
    let edited = edit(&text);
    assert_ne!(edited, text);
    file.replacen(&BASE64_STANDARD.encode(text), &BASE64_STANDARD.encode(edited), 1)
}

fn leaves() -> Vec<Hash> {
    rows().iter().map(|row| leaf_hash(Row::decode(row).expect("own row").leaf().as_bytes())).collect()
}

/// The size of the left subtree: the largest power of two that is smaller than `size`.
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// RFC 6962 §2.1.1.
fn inclusion(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sibling) = if index < left.len() {
        (inclusion(index, left), root(right))
    } else {
        (inclusion(index - left.len(), right), root(left))
    };
    path.push(sibling);
    path
}
