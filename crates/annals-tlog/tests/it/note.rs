//! What is read as a note, what is refused, and who is said to have signed.

use std::collections::HashMap;

use annals_tlog::leaf_hash;
use annals_tlog::note::{
    KeyType, Note, NoteError, NoteSignature, ParseSignatureError, SignError, VerifierKey, VerifyError,
};
use proptest::prelude::*;

use crate::note_oracle::base64;
use crate::signing::{key, verifiers, with_a_flip};

fn note(text: &str) -> Note {
    Note::new(text).expect("a text is a note")
}

#[test]
fn other_bytes_are_refused() {
    let line = "— a AAAAAAE=\n";
    let many = format!("text\n\n{}", line.repeat(65));
    let large = format!("{}\n\n{line}", "x".repeat(Note::BYTES_MAX));
    let cases: &[(&[u8], NoteError)] = &[
        (b"", NoteError::NoSignatures),
        (b"text\n", NoteError::NoSignatures),
        (b"text\n\n", NoteError::NoSignatures),
        ("text\n— a AAAAAAE=\n".as_bytes(), NoteError::NoSignatures),
        ("text\n\n— a AAAAAAE=".as_bytes(), NoteError::NoNewline),
        ("text\n\n— a AAAAAAE=\n\n".as_bytes(), NoteError::NoSignatures),
        ("text\r\n\n— a AAAAAAE=\n".as_bytes(), NoteError::ControlCharacter),
        ("te\txt\n\n— a AAAAAAE=\n".as_bytes(), NoteError::ControlCharacter),
        ("te\0xt\n\n— a AAAAAAE=\n".as_bytes(), NoteError::ControlCharacter),
        (b"te\xffxt\n\n\xe2\x80\x94 a AAAAAAE=\n", NoteError::NotUtf8),
        ("text\n\n- a AAAAAAE=\n".as_bytes(), NoteError::Signature),
        (many.as_bytes(), NoteError::TooManySignatures),
        (large.as_bytes(), NoteError::TooLong),
    ];
    for (bytes, error) in cases {
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(Note::parse(bytes), Err(*error), "{text:.80?}");
    }
    assert_eq!(Note::new("no newline"), Err(NoteError::NoNewline));
    assert_eq!(Note::new("a tab\t\n"), Err(NoteError::ControlCharacter));
    assert_eq!(Note::new("\n".repeat(Note::BYTES_MAX)), Err(NoteError::TooLong));
}

#[test]
fn limits_are_reached() {
    let line = "— a AAAAAAE=\n";
    let many = format!("text\n\n{}", line.repeat(64));
    let mut note = Note::parse(many.as_bytes()).expect("64 signatures are taken");
    assert_eq!(note.signatures().len(), Note::SIGNATURES_MAX);
    let signature: NoteSignature = line.trim_end().parse().expect("a signature");
    assert_eq!(note.add(signature.clone()), Err(NoteError::TooManySignatures));
    assert_eq!(note.to_string(), many);

    let room = Note::BYTES_MAX - line.len() - 2;
    let large = format!("{}\n\n{line}", "x".repeat(room));
    assert_eq!(Note::parse(large.as_bytes()).map(|note| note.to_string()), Ok(large));
    let mut note = Note::new(format!("{}\n", "x".repeat(room + 1))).expect("a large note");
    assert_eq!(note.add(signature), Err(NoteError::TooLong));
    assert!(note.signatures().is_empty());
    let full = note.sign(&key("a", KeyType::Ed25519));
    assert_eq!(full, Err(SignError::Note(NoteError::TooLong)));
}

#[test]
fn other_lines_are_no_signatures() {
    for line in [
        "",
        "— a",
        "— a ",
        "—  AAAAAAE=",
        "— a AAAAAAE= ",
        "—a AAAAAAE=",
        "- a AAAAAAE=",
        " — a AAAAAAE=",
        "— a b AAAAAAE=",
        "— a+b AAAAAAE=",
        "— a\u{a0}b AAAAAAE=",
        "— a\u{2003}b AAAAAAE=",
        "— a\u{85}b AAAAAAE=",
        "— a\u{1}b AAAAAAE=",
        "— a AAAAAA==",
        "— a AAAAAAE",
        "— a AAAAAAF=",
        "— a AAAAAAE==",
        "— a AAAAAA-_",
        "— a AAAAAAE=\n",
    ] {
        assert_eq!(line.parse::<NoteSignature>(), Err(ParseSignatureError), "{line:?}");
    }
    let signature: NoteSignature = "— é/ü AQIDBAU=".parse().expect("a signature");
    assert_eq!((signature.key_name(), signature.key_id()), ("é/ü", [1, 2, 3, 4]));
    assert_eq!((signature.bytes(), signature.to_string().as_str()), ([5].as_slice(), "— é/ü AQIDBAU="));
}

#[test]
fn text_may_have_empty_lines_and_what_looks_like_signatures() {
    for text in ["\n", "\n\n", "a\n\n", "a\n\nb\n", "a\n\n— b AAAAAAE=\n"] {
        let key = key("a", KeyType::Ed25519);
        let mut signed = note(text);
        signed.sign(&key).expect("the key signs");
        let read = Note::parse(signed.to_string().as_bytes()).expect("a note");
        assert_eq!(read, signed);
        assert_eq!(read.text(), text);
        read.verify(&verifiers(&[&key])).expect("the key signed");
    }
}

#[test]
fn only_known_keys_count() {
    let [a, b, c] = ["a", "b", "c"].map(|name| key(name, KeyType::Ed25519));
    let mut signed = note("text\n");
    signed.sign(&b).expect("the key signs");
    signed.sign(&a).expect("the key signs");
    let names = |keys: &[VerifierKey]| {
        let found = signed.verify(keys)?;
        Ok::<_, VerifyError>(found.iter().map(|signed| signed.key().name().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(names(&verifiers(&[&a, &c])), Ok(vec!["a".to_owned()]));
    assert_eq!(names(&verifiers(&[&a, &b, &a])), Ok(vec!["b".to_owned(), "a".to_owned()]));
    assert_eq!(names(&verifiers(&[&c])), Err(VerifyError::NotSigned));
    assert_eq!(names(&[]), Err(VerifyError::NotSigned));
    // A key of the same name is another key, and so is one of the same bytes.
    let renamed = VerifierKey::new("d", KeyType::Ed25519, a.verifier().public_key()).expect("a key");
    let retyped =
        VerifierKey::new("a", KeyType::Ed25519Cosignature, a.verifier().public_key()).expect("a key");
    assert_eq!(names(&[renamed, retyped]), Err(VerifyError::NotSigned));
    assert_eq!(note("text\n").verify(&verifiers(&[&a])), Err(VerifyError::NotSigned));
}

#[test]
fn one_wrong_signature_of_a_known_key_spoils_the_note() {
    let [a, b] = ["a", "b"].map(|name| key(name, KeyType::Ed25519));
    let mut other = note("other text\n");
    other.sign(&b).expect("the key signs");
    let mut signed = note("text\n");
    signed.sign(&a).expect("the key signs");
    signed.add(other.signatures()[0].clone()).expect("there is room");
    assert!(signed.verify(&verifiers(&[&a])).is_ok());
    let wrong = VerifyError::WrongSignature { name: "b".to_owned(), id: b.verifier().id() };
    let message = format!("a signature is not of the key that it names: {}", &b.verifier().to_string()[..10]);
    assert_eq!(wrong.to_string(), message);
    assert_eq!(signed.verify(&verifiers(&[&a, &b])), Err(wrong.clone()));
    // Also after a right one of the same key.
    let mut twice = note("text\n");
    twice.sign(&b).expect("the key signs");
    twice.add(twice.signatures()[0].clone()).expect("there is room");
    assert_eq!(twice.verify(&verifiers(&[&b])).map(|signed| signed.len()), Ok(1));
    twice.add(other.signatures()[0].clone()).expect("there is room");
    assert_eq!(twice.verify(&verifiers(&[&b])), Err(wrong));
    // Signing anew puts it right.
    twice.sign(&b).expect("the key signs");
    assert_eq!(twice.signatures().len(), 1);
    assert!(twice.verify(&verifiers(&[&b])).is_ok());
}

#[test]
fn keys_that_cannot_be_told_apart_are_refused() {
    // The ID is so short that of some 80,000 keys two have the same one.
    let mut by_id = HashMap::new();
    let [first, second] = (0_u32..)
        .find_map(|counter| {
            let bytes = leaf_hash(&counter.to_be_bytes());
            let key = VerifierKey::new("a", KeyType::Ed25519, bytes.as_bytes()).expect("a key");
            by_id.insert(key.id(), key.clone()).map(|other| [other, key])
        })
        .expect("two keys with one ID");
    assert_ne!(first, second);
    let line = format!("— a {}", base64(&[first.id().as_slice(), &[0; 64]].concat()));
    let mut signed = note("text\n");
    signed.add(line.parse().expect("a signature")).expect("there is room");
    let ambiguous = VerifyError::AmbiguousKey { name: "a".to_owned(), id: first.id() };
    assert_eq!(signed.verify(&[first, second]), Err(ambiguous));
}

#[test]
fn flipped_bits_are_noticed() {
    let key = key("example.com/é", KeyType::Ed25519);
    let mut signed = note("text\n\nmore text\n");
    signed.sign(&key).expect("the key signs");
    let keys = verifiers(&[&key]);
    assert!(Note::parse(signed.to_string().as_bytes()).is_ok_and(|note| note.verify(&keys).is_ok()));
    for (at, flipped) in with_a_flip(signed.to_string().as_bytes(), 8) {
        if let Ok(note) = Note::parse(&flipped) {
            assert!(note.verify(&keys).is_err(), "byte {at}");
        }
    }
}

proptest! {
    #[test]
    fn notes_are_shown_as_they_were_read(
        text in "([a-zé—]{0,3}\n){1,4}",
        lines in prop::collection::vec(("[a-z./é]{1,9}", prop::collection::vec(any::<u8>(), 5..80)), 1..5),
    ) {
        let line = |(name, signature): &(String, Vec<u8>)| ["— ", name, " ", &base64(signature), "\n"].concat();
        let bytes = text.clone() + "\n" + &lines.iter().map(line).collect::<String>();
        let note = Note::parse(bytes.as_bytes()).expect("a note");
        prop_assert_eq!(note.text(), text);
        prop_assert_eq!(note.signatures().len(), lines.len());
        for (found, (name, signature)) in note.signatures().iter().zip(&lines) {
            prop_assert_eq!(found.key_name(), name);
            prop_assert_eq!([&found.key_id(), found.bytes()].concat(), signature.clone());
        }
        prop_assert_eq!(note.to_string(), bytes);
    }

    #[test]
    fn nothing_is_read_that_is_not_shown_again(text in "([ab— =\n\r]|\n\n— a AAAAAAE=\n){0,12}") {
        if let Ok(note) = Note::parse(text.as_bytes()) {
            prop_assert_eq!(note.to_string(), text);
        }
    }
}
