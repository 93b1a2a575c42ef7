//! Entry bundles as bytes.

use annals_tlog::tile::{Bundle, BundleError};
use proptest::prelude::*;

fn bundle(width: u16) -> Bundle {
    Bundle::new(0, width).expect("a bundle has 1 to 256 entries")
}

#[test]
fn an_entry_comes_after_its_length() {
    let bytes = bundle(3).encode([&b"one"[..], b"", &[7; 258]]).expect("three short entries");
    assert_eq!(bytes[..9], *b"\x00\x03one\x00\x00\x01\x02");
    assert_eq!((bytes.len(), &bytes[9..]), (9 + 258, &[7; 258][..]));
    assert_eq!(bundle(3).decode(&bytes), Ok(vec![&b"one"[..], b"", &[7; 258]]));
}

#[test]
fn an_entry_may_be_65535_bytes_long() {
    let longest = vec![1; Bundle::ENTRY_BYTES_MAX];
    let bytes = bundle(1).encode([&longest]).expect("the longest entry fits");
    assert_eq!(bytes.len(), 2 + 65_535);
    assert_eq!(bundle(1).decode(&bytes), Ok(vec![&longest[..]]));

    let error = bundle(2).encode([vec![], vec![1; 65_536]]).expect_err("one byte too many");
    assert_eq!(error, BundleError::TooLong { entry: 1, bytes: 65_536 });
    assert_eq!(error.to_string(), "entry 1 of the bundle is 65536 bytes long, and at most 65535 fit");
}

#[test]
fn a_bundle_has_as_many_entries_as_it_says() {
    for count in [0, 1, 3] {
        let error = bundle(2).encode(vec![b"entry"; count]).expect_err("two entries are expected");
        let actual = u16::try_from(count).expect("small");
        assert_eq!(error, BundleError::WrongCount { expected: 2, actual });
        assert_eq!(error.to_string(), format!("the bundle has 2 entries, not {count}"));
    }
    let endless = bundle(256).encode(std::iter::repeat(b"entry"));
    assert_eq!(endless, Err(BundleError::WrongCount { expected: 256, actual: 257 }));
}

#[test]
fn bytes_cut_short_or_going_on_are_refused() {
    let bytes = bundle(2).encode([b"one", b"two"]).expect("two short entries");
    for length in 0..bytes.len() {
        let entry = u16::from(length >= 5);
        assert_eq!(bundle(2).decode(&bytes[..length]), Err(BundleError::CutShort { entry }), "{length}");
    }
    assert_eq!(bundle(3).decode(&bytes), Err(BundleError::CutShort { entry: 2 }));
    let error = bundle(1).decode(&bytes).expect_err("there are two entries");
    assert_eq!(error, BundleError::Trailing { bytes: 5 });
    assert_eq!(error.to_string(), "bytes after the last entry of the bundle: 5");
    let error = bundle(1).decode(b"\xff\xff").expect_err("there is no entry");
    assert_eq!(error.to_string(), "the bundle ends before entry 0 does");
}

proptest! {
    #[test]
    fn entries_are_read_back(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..=256),
    ) {
        let bundle = bundle(u16::try_from(entries.len()).expect("at most 256"));
        let bytes = bundle.encode(&entries).expect("short entries");
        prop_assert_eq!(bundle.decode(&bytes), Ok(entries.iter().map(Vec::as_slice).collect()));
    }

    #[test]
    fn damaged_bytes_are_another_bundle_or_an_error(
        entries in prop::collection::vec(prop::collection::vec(0..4_u8, 0..4), 1..20),
        width in 1..20_u16,
        at in any::<prop::sample::Index>(),
        byte in 0..4_u8,
        tail in prop::collection::vec(0..4_u8, 0..4),
    ) {
        let whole = bundle(u16::try_from(entries.len()).expect("fewer than 20"));
        let mut bytes = whole.encode(&entries).expect("short entries");
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.extend(tail);
        for width in [width, whole.tile().width()] {
            if let Ok(entries) = bundle(width).decode(&bytes) {
                prop_assert_eq!(entries.len(), usize::from(width));
                prop_assert_eq!(bundle(width).encode(entries), Ok(bytes.clone()));
            }
        }
    }
}
