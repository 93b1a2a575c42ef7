//! Keys as text, and what is refused as a key.

use annals_tlog::note::{KeyError, KeyType, SignerKey, VerifierKey};
use proptest::prelude::*;

use crate::signing::key;

const TYPES: [KeyType; 3] = [KeyType::Ed25519, KeyType::Ed25519Cosignature, KeyType::MlDsa44Cosignature];

#[test]
fn other_text_is_refused() {
    let good = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(good.parse::<VerifierKey>().map(|key| key.to_string()), Ok(good.to_owned()));
    let cases = [
        (String::new(), KeyError::Syntax),
        ("PeterNeumann".to_owned(), KeyError::Syntax),
        ("PeterNeumann+c74f20a3".to_owned(), KeyError::Syntax),
        ("PeterNeumann+c74f20a3+".to_owned(), KeyError::Syntax),
        (good.replace("c74f20a3", "C74F20A3"), KeyError::Syntax),
        (good.replace("c74f20a3", "+c74f20a3"), KeyError::Syntax),
        (good.replace("c74f20a3", "c74f20a"), KeyError::Syntax),
        (good.replace("c74f20a3", "0c74f20a3"), KeyError::Syntax),
        (good.replace("c74f20a3", "c74f20a2"), KeyError::WrongId),
        (good.replace("Peter", "Petra"), KeyError::WrongId),
        (good.replace("Peter", "Peter "), KeyError::Name),
        (good.replace("PeterNeumann", ""), KeyError::Name),
        (good.replace("+ARpc", "+BRpc"), KeyError::UnknownType(5)),
        (good.replace("+ARpc", "+Bhpc"), KeyError::WrongLength { expected: 1312, actual: 32 }),
        (good.replace("10TW", ""), KeyError::WrongLength { expected: 32, actual: 29 }),
        (format!("{good}="), KeyError::Syntax),
        (format!("{good}\n"), KeyError::Syntax),
        (format!("PRIVATE+KEY+{good}"), KeyError::Syntax),
    ];
    for (text, error) in cases {
        assert_eq!(text.parse::<VerifierKey>(), Err(error), "{text:?}");
    }
    for name in ["", " ", "a b", "a+b", "a\u{a0}b", "a\nb", "a\u{7}"] {
        for key_type in TYPES {
            let made = SignerKey::new(name, key_type, &[1; 32]);
            assert_eq!(made.err(), Some(KeyError::Name), "{name:?}");
        }
    }
}

#[test]
fn other_secrets_are_refused() {
    let good = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let cases = [
        (good.replace("PRIVATE+KEY+", ""), KeyError::Syntax),
        (good.replace("PRIVATE", "private"), KeyError::Syntax),
        (good.replace("c74f20a3", "c74f20a4"), KeyError::WrongId),
        (good.replace("+AYEK", "+AYEL"), KeyError::WrongId),
        (good.replace("+AYEK", "+A4EK"), KeyError::UnknownType(3)),
        (good.replace("KDFz", ""), KeyError::WrongLength { expected: 32, actual: 29 }),
        (format!("{good}AAAA"), KeyError::WrongLength { expected: 32, actual: 35 }),
    ];
    for (text, error) in cases {
        assert_eq!(text.parse::<SignerKey>().err(), Some(error), "{text:?}");
    }
}

#[test]
fn names_for_ml_dsa_have_a_limit() {
    let name = "é".repeat(127) + "x";
    let longest = key(&name, KeyType::MlDsa44Cosignature);
    assert_eq!(longest.verifier().name(), name);
    let longer = SignerKey::new(&"é".repeat(128), KeyType::MlDsa44Cosignature, &[1; 32]);
    assert_eq!(longer.err(), Some(KeyError::Name));
    assert!(SignerKey::new(&"é".repeat(128), KeyType::Ed25519Cosignature, &[1; 32]).is_ok());
}

#[test]
fn secrets_are_not_shown_for_debugging() {
    for key_type in TYPES {
        let key = SignerKey::new("a", key_type, &[0xa5; 32]).expect("a good name");
        let shown = format!("{key:?} {key:#?}");
        assert!(shown.contains("VerifierKey(a+"), "{shown}");
        let secret = key.to_secret_text();
        let secret = secret.rsplit('+').next().expect("a key in base64");
        assert!(!shown.contains(secret) && !shown.contains("a5a5") && !shown.contains("165"), "{shown}");
    }
}

#[test]
fn types_have_their_bytes() {
    let bytes: Vec<u8> = (0..=u8::MAX).filter(|byte| KeyType::from_byte(*byte).is_some()).collect();
    assert_eq!(bytes, [1, 4, 6]);
    assert_eq!(TYPES.map(|key_type| KeyType::from_byte(key_type.byte())), TYPES.map(Some));
}

proptest! {
    #[test]
    fn keys_are_read_back(seed in any::<[u8; 32]>(), name in "[^+\\s\\p{Cc}]{1,30}", which in 0..3_usize) {
        let key = SignerKey::new(&name, TYPES[which], &seed).expect("a good name");
        let secret = key.to_secret_text();
        let read: SignerKey = secret.parse().expect("a secret key");
        prop_assert_eq!(read.to_secret_text(), secret);
        prop_assert_eq!(read.verifier(), key.verifier());
        let public = key.verifier().to_string();
        let read: VerifierKey = public.parse().expect("a verifier key");
        prop_assert_eq!(&read, key.verifier());
        prop_assert_eq!(read.to_string(), public);
        prop_assert_eq!(read.key_type(), TYPES[which]);
    }

    #[test]
    fn no_text_panics(text in "(PRIVATE\\+KEY\\+)?[a+]{0,3}[0-9a-f]{7,9}\\+[A-Za-z+/=]{0,60}") {
        if let Ok(key) = text.parse::<VerifierKey>() {
            prop_assert_eq!(key.to_string(), text.clone());
        }
        if let Ok(key) = text.parse::<SignerKey>() {
            prop_assert_eq!(key.to_secret_text(), text);
        }
    }
}
