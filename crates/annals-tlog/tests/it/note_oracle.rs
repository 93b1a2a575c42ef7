//! Holds notes against the `signed_note` crate, in both directions.

use annals_tlog::note::{KeyType, Note, SignerKey, VerifierKey};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use proptest::prelude::*;
use signed_note::{Signer, StandardSigner, StandardVerifier, Verifier, VerifierList};

pub(crate) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn their_keys(key: &SignerKey) -> (StandardSigner, VerifierList) {
    let signer = StandardSigner::new(&key.to_secret_text()).expect("a signer key");
    let verifier = StandardVerifier::new(&key.verifier().to_string()).expect("a verifier key");
    assert_eq!((signer.name(), signer.key_id()), (verifier.name(), verifier.key_id()));
    assert_eq!(signer.key_id().to_be_bytes(), key.verifier().id());
    (signer, VerifierList::new(vec![Box::new(verifier)]))
}

proptest! {
    #[test]
    fn both_make_the_same_notes(
        seed in any::<[u8; 32]>(),
        name in "[a-z./é]{1,20}",
        text in "([ -~é]{0,20}\n){1,5}",
    ) {
        let key = SignerKey::new(&name, KeyType::Ed25519, &seed).expect("a good name");
        let (signer, verifiers) = their_keys(&key);
        let mut ours = Note::new(text.clone()).expect("a text is a note");
        ours.sign(&key).expect("the key signs");
        let mut theirs = signed_note::Note::new(text.as_bytes(), &[]).expect("a text is a note");
        theirs.add_sigs(&[&signer]).expect("the key signs");
        prop_assert_eq!(ours.to_string().into_bytes(), theirs.to_bytes());

        let read = signed_note::Note::from_bytes(ours.to_string().as_bytes()).expect("a note");
        prop_assert!(read.verify(&verifiers).is_ok());
        let known: VerifierKey = key.verifier().to_string().parse().expect("a verifier key");
        let read = Note::parse(&theirs.to_bytes()).expect("a note");
        prop_assert!(read.verify(&[known]).is_ok());
    }

    #[test]
    fn both_read_the_same_notes(text in "[a\n]{0,6}(\n|\n\n)(— [a+ \u{a0}]{1,2} [AE/=]{7,8}\n){0,3}[\n—]?") {
        let ours = Note::parse(text.as_bytes());
        let theirs = signed_note::Note::from_bytes(text.as_bytes());
        prop_assert_eq!(ours.is_ok(), theirs.is_ok());
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours.to_string().into_bytes(), theirs.to_bytes());
            prop_assert_eq!(ours.text().as_bytes(), theirs.text());
        }
    }
}
