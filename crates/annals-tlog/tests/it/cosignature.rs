//! What a cosignature covers, and when there is none.

use annals_tlog::checkpoint::{Checkpoint, CheckpointError};
use annals_tlog::leaf_hash;
use annals_tlog::note::{KeyType, Note, SignError, SignerKey, VerifierKey, VerifyError};
use proptest::prelude::*;

use crate::note_oracle::base64;
use crate::signing::{COSIGNATURES, ORIGIN, key, signed_checkpoint, verifiers, with_a_flip};

const TIME: u64 = 1_700_000_000;

fn unsigned() -> Note {
    let checkpoint = Checkpoint::new(ORIGIN, 7, leaf_hash(b"leaf")).expect("a checkpoint");
    Note::new(checkpoint.to_string()).expect("a checkpoint is a note")
}

#[test]
fn cosignatures_say_when() {
    for key_type in COSIGNATURES {
        let key = key("example.com/witness", key_type);
        let mut note = signed_checkpoint(7, leaf_hash(b"leaf"));
        note.cosign(&key, TIME).expect("the key cosigns");
        let read = Note::parse(note.to_string().as_bytes()).expect("a note");
        let keys = verifiers(&[&key]);
        let signed = read.verify(&keys).expect("the key cosigned");
        assert_eq!((signed[0].key(), signed[0].time()), (key.verifier(), Some(TIME)));
        let bytes = read.signatures()[1].bytes();
        assert_eq!(bytes[..8], TIME.to_be_bytes());
        assert_eq!(bytes.len(), if key_type == KeyType::Ed25519Cosignature { 72 } else { 2428 });

        note.cosign(&key, TIME + 1).expect("the key cosigns again");
        assert_eq!(note.signatures().len(), 2, "the later cosignature stands for the earlier");
        assert_eq!(note.verify(&keys).expect("the key cosigned")[0].time(), Some(TIME + 1));
    }
}

#[test]
fn time_has_a_limit_and_may_be_left_out() {
    for (key_type, at_zero) in COSIGNATURES.into_iter().zip([Some(0), None]) {
        let key = key("w", key_type);
        let keys = verifiers(&[&key]);
        let mut note = unsigned();
        assert_eq!(note.cosign(&key, 1 << 63), Err(SignError::Time));
        assert!(note.signatures().is_empty());
        for (time, said) in [(0, at_zero), ((1 << 63) - 1, Some((1 << 63) - 1))] {
            note.cosign(&key, time).expect("the key cosigns");
            assert_eq!(note.verify(&keys).expect("the key cosigned")[0].time(), said);
        }
    }
}

#[test]
fn later_time_is_refused_even_if_signed() {
    let plain = SignerKey::new("w", KeyType::Ed25519, &[1; 32]).expect("a key");
    let cosigner = SignerKey::new("w", KeyType::Ed25519Cosignature, &[1; 32]).expect("a key");
    for (time, is_right) in [((1_u64 << 63) - 1, true), (1 << 63, false)] {
        // A plain key of the same seed signs whatever is in a note, so also what is signed in a cosignature.
        let text = format!("cosignature/v1\ntime {time}\n{}", unsigned().text());
        let mut message = Note::new(text).expect("a note");
        message.sign(&plain).expect("the key signs");
        let id = cosigner.verifier().id();
        let bytes = [&id, time.to_be_bytes().as_slice(), message.signatures()[0].bytes()].concat();
        let mut note = unsigned();
        note.add(format!("— w {}", base64(&bytes)).parse().expect("a signature")).expect("there is room");
        assert_eq!(note.verify(&verifiers(&[&cosigner])).is_ok(), is_right, "{time}");
    }
}

#[test]
fn keys_do_only_what_their_type_does() {
    let plain = key("w", KeyType::Ed25519);
    assert_eq!(unsigned().cosign(&plain, TIME), Err(SignError::WrongKeyType(KeyType::Ed25519)));
    for key_type in COSIGNATURES {
        let key = key("w", key_type);
        assert_eq!(unsigned().sign(&key), Err(SignError::WrongKeyType(key_type)));
        let mut text = Note::new("text\n").expect("a note");
        assert_eq!(text.cosign(&key, TIME), Err(SignError::Checkpoint(CheckpointError::Size)));
    }
}

#[test]
fn extension_lines_are_covered_or_refused() {
    let text = format!("{}extension\n", unsigned().text());
    let mut note = Note::new(text).expect("a note");
    let classic = key("w", KeyType::Ed25519Cosignature);
    note.cosign(&classic, TIME).expect("the key cosigns");
    assert!(note.verify(&verifiers(&[&classic])).is_ok());
    let other = note.to_string().replace("extension", "extensions");
    let other = Note::parse(other.as_bytes()).expect("a note");
    assert!(other.verify(&verifiers(&[&classic])).is_err());

    let post_quantum = key("w", KeyType::MlDsa44Cosignature);
    assert_eq!(note.cosign(&post_quantum, TIME), Err(SignError::Extensions));
    // Nobody can add a line to what was cosigned without.
    let mut plain = unsigned();
    plain.cosign(&post_quantum, TIME).expect("the key cosigns");
    note.add(plain.signatures()[0].clone()).expect("there is room");
    let wrong = VerifyError::WrongSignature { name: "w".to_owned(), id: post_quantum.verifier().id() };
    assert_eq!(note.verify(&verifiers(&[&post_quantum])), Err(wrong));
}

#[test]
fn flipped_bits_are_noticed() {
    for (key_type, rounds) in COSIGNATURES.into_iter().zip([8, 1]) {
        let key = key("example.com/w", key_type);
        let mut note = unsigned();
        note.cosign(&key, TIME).expect("the key cosigns");
        let keys = verifiers(&[&key]);
        assert!(Note::parse(note.to_string().as_bytes()).is_ok_and(|note| note.verify(&keys).is_ok()));
        for (at, flipped) in with_a_flip(note.to_string().as_bytes(), rounds) {
            if let Ok(note) = Note::parse(&flipped) {
                assert!(note.verify(&keys).is_err(), "byte {at}");
            }
        }
    }
}

#[test]
fn ml_dsa_cosignature_names_who_made_it() {
    let key = key("example.com/w", KeyType::MlDsa44Cosignature);
    let mut note = unsigned();
    note.cosign(&key, TIME).expect("the key cosigns");
    let renamed = VerifierKey::new("example.com/x", KeyType::MlDsa44Cosignature, key.verifier().public_key())
        .expect("a key");
    // The ID is made to fit, so that nothing but the signature can be wrong.
    let bytes = [&renamed.id(), note.signatures()[0].bytes()].concat();
    let forged = format!("— example.com/x {}", base64(&bytes));
    let mut other = unsigned();
    other.add(forged.parse().expect("a signature")).expect("there is room");
    let wrong = VerifyError::WrongSignature { name: "example.com/x".to_owned(), id: renamed.id() };
    assert_eq!(other.verify(&[renamed]), Err(wrong));
}

proptest! {
    #[test]
    fn bytes_of_others_are_no_cosignature(bytes in prop::collection::vec(any::<u8>(), 1..100), which in 0..2_usize) {
        let key = key("w", COSIGNATURES[which]);
        let line = [&key.verifier().id(), bytes.as_slice()].concat();
        let mut note = unsigned();
        note.add(format!("— w {}", base64(&line)).parse().expect("a line")).expect("there is room");
        prop_assert!(note.verify(&verifiers(&[&key])).is_err());
    }
}
