//! What is read as a checkpoint, and what is refused.

use annals_tlog::checkpoint::{Checkpoint, CheckpointError};
use annals_tlog::{Edge, Hash};
use proptest::prelude::*;

const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

#[test]
fn example_of_the_specification_is_read() {
    let text = format!("example.com/behind-the-sofa\n20852163\n{ROOT}\n");
    let checkpoint: Checkpoint = text.parse().expect("a checkpoint");
    assert_eq!((checkpoint.origin(), checkpoint.size()), ("example.com/behind-the-sofa", 20_852_163));
    assert!(checkpoint.extensions().is_empty());
    assert_eq!(checkpoint.to_string(), text);
    let extended = format!("{text}one line\nanother\n");
    let checkpoint: Checkpoint = extended.parse().expect("a checkpoint");
    assert_eq!(checkpoint.extensions(), ["one line", "another"]);
    assert_eq!(checkpoint.to_string(), extended);
}

#[test]
fn other_text_is_refused() {
    let cases = [
        (String::new(), CheckpointError::NoNewline),
        (format!("log\n1\n{ROOT}"), CheckpointError::NoNewline),
        ("\n".to_owned(), CheckpointError::Origin),
        ("log\n".to_owned(), CheckpointError::Size),
        ("log\n1\n".to_owned(), CheckpointError::Root),
        (format!("\n1\n{ROOT}\n"), CheckpointError::Origin),
        (format!("l\tg\n1\n{ROOT}\n"), CheckpointError::Origin),
        (format!("{}\n1\n{ROOT}\n", "x".repeat(256)), CheckpointError::Origin),
        (format!("log\n1\n{ROOT}\n\n"), CheckpointError::Extension),
        (format!("log\n1\n{ROOT}\n\nline\n"), CheckpointError::Extension),
        (format!("log\n1\n{ROOT}\nl\rne\n"), CheckpointError::Extension),
    ];
    for (text, error) in cases {
        assert_eq!(text.parse::<Checkpoint>(), Err(error), "{text:?}");
    }
    let sizes = ["", "-1", "+1", "01", "00", "0x1", " 1", "1 ", "1_000", "1.0", "١", "9223372036854775808"];
    for size in sizes.into_iter().chain(["18446744073709551616", "1e3"]) {
        let text = format!("log\n{size}\n{ROOT}\n");
        assert_eq!(text.parse::<Checkpoint>(), Err(CheckpointError::Size), "{size:?}");
    }
    for root in [
        "",
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I",
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=",
        "CsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=",
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==",
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA",
        " CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
    ] {
        let text = format!("log\n1\n{root}\n");
        assert_eq!(text.parse::<Checkpoint>(), Err(CheckpointError::Root), "{root:?}");
    }
}

#[test]
fn nothing_is_made_that_could_not_be_read() {
    let root = Hash::EMPTY_ROOT;
    assert_eq!(Checkpoint::new("", 0, root), Err(CheckpointError::Origin));
    assert_eq!(Checkpoint::new("two\nlines", 0, root), Err(CheckpointError::Origin));
    assert_eq!(Checkpoint::new("é".repeat(128), 0, root), Err(CheckpointError::Origin));
    assert_eq!(Checkpoint::new("log", Edge::SIZE_MAX + 1, root), Err(CheckpointError::Size));
    let largest = Checkpoint::new("x".repeat(255), Edge::SIZE_MAX, root).expect("a checkpoint");
    assert_eq!(largest.to_string().parse(), Ok(largest.clone()));
    for line in ["", "two\nlines", "\u{1b}"] {
        assert_eq!(largest.clone().with_extension(line), Err(CheckpointError::Extension));
    }
}

proptest! {
    #[test]
    fn checkpoints_are_read_back_here_and_elsewhere(
        origin in "[^\\p{Cc}]{1,60}",
        size in 0..=Edge::SIZE_MAX,
        root in any::<[u8; 32]>(),
        extensions in prop::collection::vec("[ -~é]{1,20}", 0..3),
    ) {
        let made = Checkpoint::new(origin, size, Hash::from_bytes(root)).expect("a checkpoint");
        let made = extensions.iter().try_fold(made, Checkpoint::with_extension).expect("good lines");
        let text = made.to_string();
        prop_assert_eq!(text.parse(), Ok(made.clone()));
        let theirs = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).expect("a checkpoint");
        prop_assert_eq!((theirs.origin(), theirs.size()), (made.origin(), size));
        prop_assert_eq!((theirs.hash().0, theirs.to_bytes()), (root, text.into_bytes()));
    }

    #[test]
    fn nothing_is_read_that_is_not_shown_again(text in "[a\n]{1,3}[ 0-9-]{0,3}\n(Cs|A{40,44})=?\n{0,3}[a\n]{0,3}") {
        if let Ok(checkpoint) = text.parse::<Checkpoint>() {
            prop_assert_eq!(checkpoint.to_string(), text);
        }
    }
}
