//! The bodies of requests and answers, and when a witness cosigns.

use std::cell::Cell;

use annals_tlog::checkpoint::CheckpointError;
use annals_tlog::note::{KeyType, Note, NoteError, NoteSignature, VerifierKey, VerifyError};
use annals_tlog::witness::{self, AddCheckpoint, AddCheckpointError, KnownLog, Refusal};
use annals_tlog::{Hash, leaf_hash, node_hash};
use proptest::prelude::*;

use crate::note_oracle::base64;
use crate::signing::{ORIGIN, key, log_key, signed_checkpoint, verifiers, with_a_flip};

/// From c2sp.org/tlog-witness.
const EXAMPLE: &str = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";

/// From c2sp.org/tlog-witness.
const EXAMPLE_ANSWER: &str = "— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==
— witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==
— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==
";

#[test]
fn examples_of_the_specification_are_read() {
    let request = AddCheckpoint::parse(EXAMPLE.as_bytes()).expect("a request");
    assert_eq!((request.old_size(), request.proof().len()), (20_852_014, 4));
    assert_eq!(request.checkpoint().size(), 20_852_163);
    assert_eq!(request.note().signatures().len(), 2);
    assert_eq!(request.to_string(), EXAMPLE);

    let signatures = witness::parse_signatures(EXAMPLE_ANSWER.as_bytes()).expect("an answer");
    let names: Vec<_> = signatures.iter().map(NoteSignature::key_name).collect();
    assert_eq!(names, ["witness.example/w1", "witness.example/w1", "witness.example/w2"]);
    assert_eq!(witness::format_signatures(&signatures), EXAMPLE_ANSWER);
}

#[test]
fn other_requests_are_refused() {
    let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";
    let proof = |hashes: usize| EXAMPLE.replacen(hash, &hash.repeat(hashes), 1);
    assert!(AddCheckpoint::parse(proof(60).as_bytes()).is_ok_and(|request| request.proof().len() == 63));
    let cases = [
        (String::new(), AddCheckpointError::NoEmptyLine),
        ("old 1\n".to_owned(), AddCheckpointError::NoEmptyLine),
        (format!("\n{EXAMPLE}"), AddCheckpointError::OldSize),
        (EXAMPLE.replacen("old ", "old  ", 1), AddCheckpointError::OldSize),
        (EXAMPLE.replacen("old ", "Old ", 1), AddCheckpointError::OldSize),
        (EXAMPLE.replacen("old ", "old -", 1), AddCheckpointError::OldSize),
        (EXAMPLE.replacen("old 20852014", "old 020852014", 1), AddCheckpointError::OldSize),
        (EXAMPLE.replacen("old 20852014", "old", 1), AddCheckpointError::OldSize),
        (EXAMPLE.replacen("old 20852014", "old 18446744073709551616", 1), AddCheckpointError::OldSize),
        (EXAMPLE.replacen("old 20852014\n", "old 20852014\r\n", 1), AddCheckpointError::OldSize),
        (EXAMPLE.replacen("old 20852014\n", "", 1), AddCheckpointError::OldSize),
        (EXAMPLE.replacen("kaw=", "kax=", 1), AddCheckpointError::Hash),
        (EXAMPLE.replacen("kaw=", "kaw", 1), AddCheckpointError::Hash),
        (EXAMPLE.replacen("/0=\n\n", "/0=\n", 1), AddCheckpointError::Hash),
        (proof(61), AddCheckpointError::ProofTooLong),
        (format!("old 1\n\n{ORIGIN}\n"), AddCheckpointError::Note(NoteError::NoSignatures)),
        (
            EXAMPLE.replacen("/0=\n\n", "/0=\n\n\n", 1),
            AddCheckpointError::Checkpoint(CheckpointError::Origin),
        ),
        (EXAMPLE.replacen("20852163", "x", 1), AddCheckpointError::Checkpoint(CheckpointError::Size)),
    ];
    for (body, error) in cases {
        assert_eq!(AddCheckpoint::parse(body.as_bytes()), Err(error), "{body:?}");
    }
    let note = signed_checkpoint(1, leaf_hash(b""));
    let long = AddCheckpoint::new(0, vec![Hash::EMPTY_ROOT; 64], note.clone());
    assert_eq!(long, Err(AddCheckpointError::ProofTooLong));
    let unsigned = AddCheckpoint::new(0, Vec::new(), Note::new(note.text()).expect("a note"));
    assert_eq!(unsigned, Err(AddCheckpointError::Note(NoteError::NoSignatures)));
}

#[test]
fn other_answers_are_refused() {
    assert_eq!(witness::parse_signatures(b""), Err(NoteError::NoSignatures));
    assert_eq!(witness::parse_signatures(b"\xff\n"), Err(NoteError::NotUtf8));
    assert_eq!(witness::parse_signatures(b"\n"), Err(NoteError::Signature));
    assert_eq!(witness::parse_signatures(EXAMPLE_ANSWER.trim_end().as_bytes()), Err(NoteError::NoNewline));
    assert_eq!(
        witness::parse_signatures(format!("{EXAMPLE_ANSWER}\n").as_bytes()),
        Err(NoteError::Signature)
    );
    assert_eq!(
        witness::parse_signatures("— a AAAAAAE=\n".repeat(65).as_bytes()),
        Err(NoteError::TooManySignatures)
    );
    assert_eq!(witness::parse_signatures(&vec![b'\n'; Note::BYTES_MAX + 1]), Err(NoteError::TooLong));

    for size in [0, 50, u64::MAX] {
        assert_eq!(witness::parse_size(witness::format_size(size).as_bytes()), Some(size));
    }
    for body in ["", "\n", "50", "050\n", "50\n\n", "50 \n", "-1\n", "18446744073709551616\n"] {
        assert_eq!(witness::parse_size(body.as_bytes()), None, "{body:?}");
    }
}

/// What a witness says that cosigned `size` leaves with `root`; its idea of a proof is that of a second leaf.
fn decide(request: &AddCheckpoint, keys: &[VerifierKey], size: u64, root: Hash) -> Result<(), Refusal> {
    request.decide(Some(KnownLog { keys, size, root }), |old_size, old_root, size, root, proof| {
        assert!(0 < old_size && old_size < size, "nothing to prove from {old_size} to {size}");
        (old_size, size) == (1, 2) && proof.len() == 1 && node_hash(old_root, &proof[0]) == *root
    })
}

#[test]
fn witness_refuses_with_the_status_of_the_specification() {
    let (first, second) = (leaf_hash(b"first"), leaf_hash(b"second"));
    let both = node_hash(&first, &second);
    let keys = verifiers(&[&log_key()]);
    let request = |old_size, proof: &[Hash], size, root| {
        AddCheckpoint::new(old_size, proof.to_vec(), signed_checkpoint(size, root)).expect("a request")
    };
    let grown = request(1, &[second], 2, both);
    assert_eq!(decide(&grown, &keys, 1, first), Ok(()));
    assert_eq!(decide(&request(0, &[], 2, both), &keys, 0, Hash::EMPTY_ROOT), Ok(()));
    assert_eq!(decide(&request(2, &[], 2, both), &keys, 2, both), Ok(()));
    assert_eq!(decide(&request(0, &[], 0, Hash::EMPTY_ROOT), &keys, 0, Hash::EMPTY_ROOT), Ok(()));
    // Whatever is remembered beside the size 0 means nothing.
    assert_eq!(decide(&request(0, &[], 0, Hash::EMPTY_ROOT), &keys, 0, first), Ok(()));

    let refused = |request: &AddCheckpoint, size, root| {
        let refusal = decide(request, &keys, size, root).expect_err("a refusal");
        (refusal.status(), refusal)
    };
    assert_eq!(refused(&request(3, &[], 2, both), 3, both), (400, Refusal::OldSizeTooLarge));
    assert_eq!(refused(&grown, 2, both), (409, Refusal::Conflict { size: 2 }));
    assert_eq!(refused(&grown, 0, Hash::EMPTY_ROOT), (409, Refusal::Conflict { size: 0 }));
    assert_eq!(
        refused(&request(0, &[], 0, Hash::EMPTY_ROOT), 1, first),
        (409, Refusal::Conflict { size: 1 })
    );
    assert_eq!(refused(&request(1, &[first], 2, both), 1, first), (422, Refusal::WrongProof));
    assert_eq!(refused(&request(1, &[], 2, both), 1, first), (422, Refusal::WrongProof));
    assert_eq!(refused(&grown, 1, second), (422, Refusal::WrongProof));
    assert_eq!(refused(&request(0, &[second], 2, both), 0, first), (422, Refusal::WrongProof));
    assert_eq!(refused(&request(2, &[second], 2, both), 2, both), (422, Refusal::WrongProof));
    assert_eq!(refused(&request(2, &[], 2, both), 2, first), (422, Refusal::OtherRoot));
    assert_eq!(refused(&request(0, &[], 0, first), 0, first), (422, Refusal::OtherRoot));

    let unknown = grown.decide(None, |_, _, _, _, _| true).expect_err("a refusal");
    assert_eq!((unknown.status(), unknown), (404, Refusal::UnknownOrigin));
    let others = verifiers(&[&key(ORIGIN, KeyType::Ed25519Cosignature)]);
    let unsigned = decide(&grown, &others, 1, first).expect_err("a refusal");
    assert_eq!((unsigned.status(), unsigned), (403, Refusal::NotSigned(VerifyError::NotSigned)));
}

#[test]
fn signature_is_checked_before_anything_is_said() {
    let forged = signed_checkpoint(2, leaf_hash(b"")).to_string().replacen("\n2\n", "\n3\n", 1);
    let request = AddCheckpoint::parse(format!("old 9\n\n{forged}").as_bytes()).expect("a request");
    let keys = verifiers(&[&log_key()]);
    let asked = Cell::new(false);
    let log = KnownLog { keys: &keys, size: 1, root: leaf_hash(b"") };
    let refusal = request.decide(Some(log), |_, _, _, _, _| {
        asked.set(true);
        true
    });
    assert!(matches!(refusal, Err(Refusal::NotSigned(VerifyError::WrongSignature { .. }))));
    assert!(!asked.get());
}

#[test]
fn flipped_bits_are_noticed() {
    let (first, second) = (leaf_hash(b"first"), leaf_hash(b"second"));
    let note = signed_checkpoint(2, node_hash(&first, &second));
    let request = AddCheckpoint::new(1, vec![second], note).expect("a request");
    let keys = verifiers(&[&log_key()]);
    assert_eq!(decide(&request, &keys, 1, first), Ok(()));
    for (at, flipped) in with_a_flip(request.to_string().as_bytes(), 8) {
        if let Ok(request) = AddCheckpoint::parse(&flipped) {
            let known = (request.checkpoint().origin() == ORIGIN).then_some(KnownLog {
                keys: &keys,
                size: 1,
                root: first,
            });
            let decided = request.decide(known, |_, old_root, size, root, proof| {
                size == 2 && proof.len() == 1 && node_hash(old_root, &proof[0]) == *root
            });
            assert!(decided.is_err(), "byte {at}");
        }
    }
}

proptest! {
    #[test]
    fn requests_are_read_back(old_size in any::<u64>(), proof in prop::collection::vec(any::<[u8; 32]>(), 0..=63)) {
        let proof: Vec<Hash> = proof.into_iter().map(Hash::from).collect();
        let note = signed_checkpoint(1, leaf_hash(b""));
        let lines: String = proof.iter().map(|hash| base64(hash.as_bytes()) + "\n").collect();
        let body = format!("old {old_size}\n{lines}\n{note}");
        let request = AddCheckpoint::new(old_size, proof, note).expect("a request");
        prop_assert_eq!(request.to_string(), body.clone());
        prop_assert_eq!(AddCheckpoint::parse(body.as_bytes()), Ok(request));
    }

    #[test]
    fn nothing_is_read_that_is_not_shown_again(at in any::<prop::sample::Index>(), text in "[\n a0=—]{0,3}") {
        let mut body = EXAMPLE.to_owned();
        let at = at.index(body.len());
        if body.is_char_boundary(at) {
            body.insert_str(at, &text);
        }
        if let Ok(request) = AddCheckpoint::parse(body.as_bytes()) {
            prop_assert_eq!(request.to_string(), body);
        }
    }
}
