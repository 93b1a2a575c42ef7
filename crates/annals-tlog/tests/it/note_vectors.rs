//! Notes, keys and cosignatures that others made and published.

use annals_tlog::checkpoint::Checkpoint;
use annals_tlog::note::{KeyType, Note, SignerKey, VerifierKey, VerifyError};

/// From the tests of Go's `golang.org/x/mod/sumdb/note`.
const NEUMANN_SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const NEUMANN: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NEUMANN_NOTE: &str = "If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
";

/// From c2sp.org/signed-note.
const SPECIFIED: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SPECIFIED_NOTE: &str = "This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
";

/// A certificate log of 2026, with signatures of types 0x05 and 0x01 and cosignatures of type 0x04.
const ARCHE_NOTE: &str = "arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
";
const ARCHE: &str =
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
const REMORA: &str = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
const STAGEMOLE: &str = "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv";

/// Another, which the witness Navigli cosigned with both types.
const COACH_NOTE: &str = include_str!("data/coachandhorses.checkpoint");
const NAVIGLI_ED25519: &str =
    "witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G";
const NAVIGLI_ML_DSA: &str = include_str!("data/navigli.vkey");

fn keys(texts: &[&str]) -> Vec<VerifierKey> {
    texts.iter().map(|text| text.trim_end().parse().expect("a verifier key")).collect()
}

#[test]
fn note_of_go_is_made_byte_for_byte() {
    let key: SignerKey = NEUMANN_SECRET.parse().expect("a signer key");
    assert_eq!(key.verifier().to_string(), NEUMANN);
    assert_eq!(key.to_secret_text(), NEUMANN_SECRET);

    let (text, _) = NEUMANN_NOTE.split_once("\n\n").expect("a text");
    let mut note = Note::new(format!("{text}\n")).expect("a text is a note");
    note.sign(&key).expect("the key signs");
    assert_eq!(note.to_string(), NEUMANN_NOTE);
}

#[test]
fn published_notes_are_read_verified_and_shown_again() {
    for (bytes, key) in [(NEUMANN_NOTE, NEUMANN), (SPECIFIED_NOTE, SPECIFIED), (ARCHE_NOTE, ARCHE)] {
        let keys = keys(&[key]);
        assert_eq!(keys[0].to_string(), key);
        let note = Note::parse(bytes.as_bytes()).expect("a note");
        assert_eq!(note.to_string(), bytes);
        let signed = note.verify(&keys).expect("the key signed");
        assert_eq!((signed.len(), signed[0].key(), signed[0].time()), (1, &keys[0], None));
    }
}

#[test]
fn cosignatures_of_witnesses_are_verified() {
    let note = Note::parse(ARCHE_NOTE.as_bytes()).expect("a note");
    let keys = keys(&[STAGEMOLE, ARCHE, REMORA, NEUMANN]);
    let signed = note.verify(&keys).expect("three of the keys signed");
    let signed: Vec<_> = signed.iter().map(|signed| (signed.key().name(), signed.time())).collect();
    assert_eq!(
        signed,
        [
            ("arche2025h1.staging.ct.transparency.dev", None),
            ("remora.n621.de", Some(1_779_573_024)),
            ("witness.stagemole.eu", Some(1_779_573_024)),
        ]
    );
}

#[test]
fn both_types_of_cosignature_are_verified() {
    let note = Note::parse(COACH_NOTE.as_bytes()).expect("a note");
    assert_eq!(note.to_string(), COACH_NOTE);
    let keys = keys(&[NAVIGLI_ML_DSA, NAVIGLI_ED25519]);
    let signed = note.verify(&keys).expect("both keys signed");
    let signed: Vec<_> = signed.iter().map(|signed| (signed.key().key_type(), signed.time())).collect();
    let time = Some(1_785_704_691);
    assert_eq!(signed, [(KeyType::Ed25519Cosignature, time), (KeyType::MlDsa44Cosignature, time)]);

    let larger = COACH_NOTE.replace("185550722", "185550723");
    for key in &keys {
        let note = Note::parse(larger.as_bytes()).expect("a note");
        let wrong = VerifyError::WrongSignature { name: key.name().to_owned(), id: key.id() };
        assert_eq!(note.verify(std::slice::from_ref(key)), Err(wrong));
    }
    let checkpoint: Checkpoint = note.text().parse().expect("a checkpoint");
    assert_eq!((checkpoint.size(), checkpoint.to_string().as_str()), (185_550_722, note.text()));
}

/// The seed and the start of the verifier key are from the tests of torchwood's witness; the ID is a hash of all of it.
#[test]
fn ml_dsa_key_follows_from_its_seed() {
    const SEED: [u8; 32] = [
        0x28, 0x86, 0xad, 0xc2, 0xb0, 0xea, 0xbf, 0xce, 0x67, 0xc0, 0x47, 0x29, 0x39, 0x12, 0x79, 0x98, 0xbf,
        0x88, 0x6c, 0xf2, 0x56, 0xbf, 0xee, 0x8b, 0xa7, 0x6a, 0x25, 0x3f, 0xce, 0x11, 0x46, 0xe0,
    ];
    let key = SignerKey::new("example.com/mldsa-log", KeyType::MlDsa44Cosignature, &SEED).expect("a key");
    let text = key.verifier().to_string();
    assert!(
        text.starts_with("example.com/mldsa-log+b5df45c5+BuhtcL97l3dcitjZ8Y9J54gmQ1TWn/BMF0yePKpTzhlFCk")
    );
    assert!(text.ends_with("+1rImK3lQJnxif/B6p5/tsh4rrcUht4yVIvFAaqsgAAE="));
}
