//! Hashes as text: shown in lower case, read in either case, and nothing else read.

use annals_tlog::{Hash, ParseHashError};
use proptest::prelude::*;

#[test]
fn shown_as_hexadecimal() {
    let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Hash::EMPTY_ROOT.to_string(), text);
    assert_eq!(format!("{:?}", Hash::EMPTY_ROOT), format!("Hash({text})"));
    assert_eq!(text.to_uppercase().parse(), Ok(Hash::EMPTY_ROOT));
}

#[test]
fn other_text_is_refused() {
    for text in
        ["", "e3", &"0".repeat(63), &"0".repeat(65), &"0".repeat(66), &"g".repeat(64), &"é".repeat(32)]
    {
        assert_eq!(text.parse::<Hash>(), Err(ParseHashError), "{text:?}");
    }
}

proptest! {
    #[test]
    fn text_is_read_back(bytes in any::<[u8; 32]>()) {
        let hash = Hash::from_bytes(bytes);
        prop_assert_eq!(hash.to_string().parse(), Ok(hash));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,70}") {
        if let Ok(hash) = text.parse::<Hash>() {
            prop_assert_eq!(hash.to_string(), text.to_lowercase());
        }
    }
}
