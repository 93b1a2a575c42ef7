//! Proof files: what is read as one, and that nothing but the extra data can be changed.

use annals_tlog::checkpoint::CheckpointError;
use annals_tlog::note::{Note, NoteError};
use annals_tlog::proof_file::{ProofFile, ProofFileError};
use annals_tlog::{Hash, leaf_hash, node_hash};
use proptest::prelude::*;

use crate::note_oracle::base64;
use crate::signing::{COSIGNATURES, ORIGIN, key, log_key, signed_checkpoint, verifiers, with_a_flip};

const HASH: &str = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n";

/// As in c2sp.org/tlog-proof, with signatures that are of the right form.
fn example() -> String {
    format!(
        "c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
{HASH}B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog AAAAAAE=
— witness1.example mJirIkE=
"
    )
}

#[test]
fn example_of_the_specification_is_read() {
    let text = example();
    let file = ProofFile::parse(text.as_bytes()).expect("a proof file");
    assert_eq!((file.index(), file.hashes().len()), (73_894, 3));
    assert_eq!(file.extra().map(<[u8]>::len), Some(39));
    assert_eq!(file.checkpoint().origin(), "example.com/fancylog");
    assert_eq!(file.note().signatures().len(), 2);
    assert_eq!(file.to_string(), text);
}

#[test]
fn other_files_are_refused() {
    let text = example();
    let extra = "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ\n";
    let edit = |from: &str, to: &str| text.replacen(from, to, 1);
    for (from, to) in [(extra, ""), (extra, "extra \n"), ("index 73894", "index 0"), (HASH, "")] {
        let text = edit(from, to);
        assert_eq!(ProofFile::parse(text.as_bytes()).map(|file| file.to_string()), Ok(text));
    }
    let long = format!("extra {}\n", base64(&vec![0; ProofFile::EXTRA_BYTES_MAX + 1]));
    let cases = [
        (String::new(), ProofFileError::NoEmptyLine),
        (edit("@v1", "@v2"), ProofFileError::Header),
        (edit("@v1\n", "@v1\r\n"), ProofFileError::Header),
        (edit("c2sp", " c2sp"), ProofFileError::Header),
        (edit("@v1\n", "@v1\n\n"), ProofFileError::Index),
        (edit("extra ", "extra  "), ProofFileError::Extra),
        (edit("tYXJ\n", "tYX\n"), ProofFileError::Extra),
        (edit(extra, &long), ProofFileError::Extra),
        (edit("extra ", "Extra "), ProofFileError::Index),
        (edit(extra, &extra.repeat(2)), ProofFileError::Index),
        (edit("index 73894", "index 073894"), ProofFileError::Index),
        (edit("index 73894", "index -1"), ProofFileError::Index),
        (edit("index 73894", "index 109482"), ProofFileError::Index),
        (edit("index 73894\n", ""), ProofFileError::Index),
        (format!("{}x", edit("index 73894\n", "")), ProofFileError::Index),
        (edit("PlQ=", "PlR="), ProofFileError::Hash),
        (edit("PlQ=\n", "PlQ=\r\n"), ProofFileError::Hash),
        (edit("zs=\n\n", "zs=\n"), ProofFileError::Hash),
        (edit(HASH, &HASH.repeat(62)), ProofFileError::ProofTooLong),
        (edit("zs=\n\n", "zs=\n\n\n"), ProofFileError::Checkpoint(CheckpointError::Origin)),
        (edit("109482", "x"), ProofFileError::Checkpoint(CheckpointError::Size)),
        (edit("— example.com", "- example.com"), ProofFileError::Note(NoteError::Signature)),
        (text.trim_end().to_owned(), ProofFileError::Note(NoteError::NoNewline)),
    ];
    for (text, error) in cases {
        assert_eq!(ProofFile::parse(text.as_bytes()), Err(error), "{text:.400}");
    }
    assert!(
        ProofFile::parse(edit(HASH, &HASH.repeat(61)).as_bytes()).is_ok_and(|file| file.hashes().len() == 63)
    );
}

#[test]
fn nothing_is_made_that_could_not_be_read() {
    let note = signed_checkpoint(2, leaf_hash(b""));
    let new = |index, hashes, note: &Note, extra| {
        ProofFile::new(index, vec![Hash::EMPTY_ROOT; hashes], note.clone(), extra)
    };
    let longest = new(1, 63, &note, Some(vec![7; ProofFile::EXTRA_BYTES_MAX])).expect("a proof file");
    assert_eq!(ProofFile::parse(longest.to_string().as_bytes()), Ok(longest));
    assert_eq!(new(2, 0, &note, None), Err(ProofFileError::Index));
    assert_eq!(new(0, 64, &note, None), Err(ProofFileError::ProofTooLong));
    assert_eq!(new(0, 0, &note, Some(vec![7; ProofFile::EXTRA_BYTES_MAX + 1])), Err(ProofFileError::Extra));
    let unsigned = Note::new(note.text()).expect("a note");
    assert_eq!(new(0, 0, &unsigned, None), Err(ProofFileError::Note(NoteError::NoSignatures)));
}

/// Whether the file proves that `leaf` is at the right of a tree of two, with a witness of each type.
fn proves(file: &ProofFile, leaf: &Hash) -> bool {
    let witnesses = COSIGNATURES.map(|key_type| key("example.com/w", key_type));
    let keys = verifiers(&[&log_key(), &witnesses[0], &witnesses[1]]);
    let is_in_tree = file.index() == 1
        && matches!(file.hashes(), [left] if node_hash(left, leaf) == file.checkpoint().root());
    let is_signed = file.note().verify(&keys).is_ok_and(|signed| signed.len() == keys.len());
    is_in_tree && is_signed && (file.checkpoint().origin(), file.checkpoint().size()) == (ORIGIN, 2)
}

#[test]
fn flipped_bits_are_noticed() {
    let (first, second) = (leaf_hash(b"first"), leaf_hash(b"second"));
    let mut note = signed_checkpoint(2, node_hash(&first, &second));
    for key_type in COSIGNATURES {
        note.cosign(&key("example.com/w", key_type), 1_700_000_000).expect("the key cosigns");
    }
    let file = ProofFile::new(1, vec![first], note, Some(b"extra".to_vec())).expect("a proof file");
    assert!(proves(&file, &second));
    assert!(!proves(&file, &first));
    for (at, flipped) in with_a_flip(file.to_string().as_bytes(), 1) {
        let Ok(changed) = ProofFile::parse(&flipped) else { continue };
        if proves(&changed, &second) {
            let expected =
                ProofFile::new(1, vec![first], file.note().clone(), changed.extra().map(<[u8]>::to_vec));
            assert_eq!(Ok(changed), expected, "byte {at}");
        }
    }
}

proptest! {
    #[test]
    fn files_are_read_back(
        index in any::<u32>(),
        hashes in prop::collection::vec(any::<[u8; 32]>(), 0..=63),
        extra in prop::option::of(prop::collection::vec(any::<u8>(), 0..50)),
    ) {
        let hashes: Vec<Hash> = hashes.into_iter().map(Hash::from).collect();
        let note = signed_checkpoint(1 << 32, leaf_hash(b""));
        let extra_line = extra.as_ref().map(|extra| format!("extra {}\n", base64(extra))).unwrap_or_default();
        let lines: String = hashes.iter().map(|hash| base64(hash.as_bytes()) + "\n").collect();
        let text = format!("c2sp.org/tlog-proof@v1\n{extra_line}index {index}\n{lines}\n{note}");
        let file = ProofFile::new(index.into(), hashes, note, extra).expect("a proof file");
        prop_assert_eq!(file.to_string(), text.clone());
        prop_assert_eq!(ProofFile::parse(text.as_bytes()), Ok(file));
    }

    #[test]
    fn nothing_is_read_that_is_not_shown_again(at in any::<prop::sample::Index>(), inserted in "[\n a0=—]{0,3}") {
        let mut text = example();
        let at = at.index(text.len());
        if text.is_char_boundary(at) {
            text.insert_str(at, &inserted);
        }
        if let Ok(file) = ProofFile::parse(text.as_bytes()) {
            prop_assert_eq!(file.to_string(), text);
        }
    }
}
