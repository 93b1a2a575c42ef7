//! `annals verify` on proof files: what holds is shown, and whatever does not is refused by its name.

mod log;

use std::fmt::Write as _;

use annals_format::entry::Section;
use annals_tlog::{
    checkpoint::Checkpoint,
    note::{KeyType, SignerKey},
};

use crate::cli::{Ran, command};
use log::{
    COSIGNED_AT, ORIGIN, checkpoint, entry_of, key, log_key, note, proof, signed, with_entry, witnesses,
};

fn vkey(key: &SignerKey) -> String {
    key.verifier().to_string()
}

/// The keys of the log and of both witnesses, as they are given.
fn trusted() -> Vec<String> {
    let [a, b] = witnesses();
    ["--key", &vkey(&log_key()), "--witness", &vkey(&a), "--witness", &vkey(&b)].map(str::to_owned).to_vec()
}

/// Verifies a file that stands on standard input.
fn verify(file: &str, arguments: &[String]) -> Ran {
    let arguments: Vec<&str> =
        ["verify", "-"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
    Ran::of(command(&arguments), Some(file))
}

#[test]
fn what_was_proven_is_said_and_what_was_not() {
    let whole = verify(&proof(4, &[], note()), &trusted());
    insta::assert_snapshot!("whole", whole.ok());
    let only_the_log = ["--key".to_owned(), vkey(&log_key())];
    let part = verify(&proof(4, &[Section::Actor, Section::Change], note()), &only_the_log);
    insta::assert_snapshot!("part", part.ok());
    assert!(!part.stdout.contains("Ada") && !part.stdout.contains("18446744073709551616"), "{part:?}");
    let nothing = verify(&proof(4, &Section::ALL, note()), &only_the_log);
    insta::assert_snapshot!("nothing", nothing.ok());
}

#[test]
fn programs_get_the_entry_to_the_digit() {
    let json = [trusted(), vec!["--json".to_owned()]].concat();
    let ran = verify(&proof(4, &[Section::Context], note()), &json);
    insta::assert_snapshot!(ran.ok());
    let parsed: serde_json::Value = serde_json::from_str(ran.ok()).expect("JSON");
    assert_eq!(parsed["verified"], true);
}

#[test]
fn every_entry_is_found_where_it_is_and_nowhere_else() {
    for index in 0..7 {
        let file = proof(index, &[], note());
        let shown = verify(&file, &trusted());
        assert!(shown.ok().contains(&format!("“Cloud \"spend\" {index}”")), "{shown:?}");
        for other in (0..8).filter(|other| *other != index) {
            let file = file.replace(&format!("\nindex {index}\n"), &format!("\nindex {other}\n"));
            verify(&file, &trusted()).failed(1);
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a file of a test need not last")]
fn keys_and_the_proof_may_be_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    };
    let file = write("entry.tlog-proof", &proof(4, &[], note()));
    let log = format!("@{}", write("log", &format!("{}\n", vkey(&log_key()))));
    let [a, b] = witnesses();
    let both = format!("@{}", write("witnesses", &format!("# two\n{}\n\n{}\n", vkey(&a), vkey(&b))));
    let ran = Ran::of(command(&["verify", &file, "--key", &log, "--witness", &both]), None);
    assert_eq!(ran.ok().matches("Cosigned by").count(), 2);
    // Keys may be exchanged one for the other: one of the log's must have signed.
    let new = vkey(&key(ORIGIN, KeyType::Ed25519, 9));
    Ran::of(command(&["verify", &file, "--key", &new, "--key", &log, "--witness", &both]), None).ok();

    let gone = directory.path().join("gone").to_str().expect("UTF-8").to_owned();
    for (arguments, code) in [
        (["verify", &gone, "--key", &log], 1),
        (["verify", directory.path().to_str().expect("UTF-8"), "--key", &log], 1),
        (["verify", &file, "--key", &format!("@{gone}")], 1),
        (["verify", &file, "--key", &format!("@{}", write("empty", "# none\n"))], 2),
    ] {
        let ran = Ran::of(command(&arguments), None);
        assert!(ran.failed(code).contains("hint: "), "{ran:?}");
    }
}

/// All that can be wrong with a file, and how it is said.
#[test]
fn whatever_does_not_hold_is_named() {
    let file = proof(4, &[], note());
    let edit = |from: &str, to: &str| {
        let edited = file.replacen(from, to, 1);
        assert_ne!(edited, file, "{from}");
        edited
    };
    let entry = |from: &str, to: &str| with_entry(&file, |text| text.replacen(from, to, 1));
    let lines: Vec<&str> = file.lines().collect();
    let without = |line: usize| {
        let kept: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != line).map(|(_, line)| *line).collect();
        kept.join("\n") + "\n"
    };
    let (first_hash, last_hash) = (lines[3], lines[5]);
    let salt = entry_of(&file);
    let salt = &salt[salt.find("\"salt\":\"").expect("a salt") + 8..][..32];
    let root = checkpoint().root();
    let of = |origin: &str, size: u64| Checkpoint::new(origin, size, root).expect("a checkpoint");
    let with_note = |note| proof(4, &[], note);
    let [a, b] = witnesses();
    let other_log = key("audit.example.com/acct_2", KeyType::Ed25519, 1);

    let cases = [
        ("an empty file", String::new()),
        ("another file", "{\"audit_logs\":[]}\n".to_owned()),
        ("a file cut short", file[..file.len() - 40].to_owned()),
        ("no entry", without(1)),
        ("an entry that is not one", with_entry(&file, |_| "hello".to_owned())),
        ("an entry of a later version", entry("\"version\":1", "\"version\":2")),
        ("the envelope", entry("\\\"source\\\":\\\"api\\\"", "\\\"source\\\":\\\"csv\\\"")),
        ("the time", entry("09:30:00Z", "09:31:00Z")),
        ("the microseconds", entry("123456", "123457")),
        ("a section's text", entry("Ada Lovelace", "Bob Lovelace")),
        ("a changed value", entry("1.10", "1.1")),
        ("a section's salt", entry(salt, &salt.chars().rev().collect::<String>())),
        ("a section's digest", with_entry(&file, |text| swap_digit(text, "\\\"context\\\":\\\""))),
        ("a section under another name", entry("\"context\":{\"salt\"", "\"cantext\":{\"salt\"")),
        (
            "the entry of another index",
            proof(3, &[], note()).replace(&lines_of(&proof(3, &[], note())), &lines_of(&file)),
        ),
        ("the index", edit("index 4", "index 5")),
        ("an index beyond the tree", edit("index 4", "index 7")),
        ("a hash of the proof", edit(first_hash, last_hash)),
        ("a hash too few", without(5)),
        ("a hash too many", edit(last_hash, &format!("{last_hash}\n{last_hash}"))),
        ("the size", edit("\n7\n", "\n6\n")),
        ("the root", edit(lines[9], first_hash)),
        ("the origin", edit(&format!("\n{ORIGIN}\n"), "\naudit.example.com/acct_2\n")),
        ("no signature of the log", without(11)),
        ("the signature of the log", swap_digit(&file, &format!("— {ORIGIN} "))),
        ("the signature of a witness", swap_digit(&file, "— witness.example.org/a ")),
        ("one witness missing", without(12)),
        ("all witnesses missing", with_note(signed(&checkpoint(), &log_key(), &[], 0))),
        ("a witness that vouches for no time", with_note(signed(&checkpoint(), &log_key(), &[b], 0))),
        (
            "another key of this name",
            with_note(signed(&checkpoint(), &key(ORIGIN, KeyType::Ed25519, 9), &[a], COSIGNED_AT)),
        ),
        (
            "another log's checkpoint",
            with_note(signed(&of("audit.example.com/acct_2", 7), &log_key(), &[], 0)),
        ),
        ("a key of another log", with_note(signed(&checkpoint(), &other_log, &[], 0))),
        (
            "a signed checkpoint of another size",
            with_note(signed(&of(ORIGIN, 6), &log_key(), &witnesses(), COSIGNED_AT)),
        ),
        ("a longer file", file.replace("extra ", &format!("extra {}", "A".repeat(8 << 20)))),
    ];
    let mut said = String::new();
    for (what, file) in cases {
        let ran = verify(&file, &trusted());
        let _ = writeln!(said, "{what}\n{}", ran.failed(1));
    }
    insta::assert_snapshot!("refused", said);
}

#[test]
fn what_is_asked_for_in_vain_is_said() {
    let file = proof(4, &[], signed(&checkpoint(), &log_key(), &witnesses()[..1], COSIGNED_AT));
    let [a, b] = witnesses().map(|key| vkey(&key));
    let log = vkey(&log_key());
    let secret = log_key().to_secret_text();
    let asked: [(i32, &[&str]); 9] = [
        (1, &["--key", &log, "--witness", &a, "--witness", &b]),
        (1, &["--key", &log, "--witness", &a, "--witness", &b, "--quorum", "2"]),
        (2, &["--key", &log, "--witness", &a, "--witness", &a, "--quorum", "2"]),
        (2, &["--key", &log, "--witness", &log]),
        (2, &["--key", &log, "--witness", &vkey(&key(ORIGIN, KeyType::Ed25519Cosignature, 1))]),
        (2, &["--key", &log, "--quorum", "1"]),
        (2, &["--key", "audit.example.com"]),
        (2, &["--key", &secret]),
        (2, &["--witness", &a]),
    ];
    let mut said = String::new();
    for (code, arguments) in asked {
        let ran = verify(&file, &arguments.iter().map(|&it| it.to_owned()).collect::<Vec<_>>());
        let seed = secret.rsplit('+').next().expect("a seed");
        assert!(!ran.stderr.contains(seed), "{ran:?}");
        let _ = writeln!(said, "{}", ran.failed(code));
    }
    insta::assert_snapshot!("asked", said);
    // Of what is in a data directory nobody asks for these.
    let dir = tempfile::tempdir().expect("temporary directory");
    assert_eq!(crate::support::run(dir.path(), &["verify", "--key", &log]).status.code(), Some(2));
    for arguments in [
        &["--key", &log][..],
        &["--key", &log, "--witness", &a],
        &["--key", &log, "--witness", &a, "--witness", &b, "--quorum", "1"],
        &["--key", &log, "--witness", &b, "--quorum", "0"],
    ] {
        verify(&file, &arguments.iter().map(|&it| it.to_owned()).collect::<Vec<_>>()).ok();
    }
}

/// Nothing in a file is idle: whichever character is another one, the file proves nothing any more.
#[test]
fn every_character_counts() {
    let file = proof(4, &[Section::Actor], note());
    for at in (0..file.len()).step_by(file.len() / 80).filter(|at| file.is_char_boundary(*at)) {
        let (before, rest) = file.split_at(at);
        let mut rest = rest.chars();
        let other = if rest.next() == Some('A') { 'B' } else { 'A' };
        let ran = verify(&format!("{before}{other}{}", rest.as_str()), &trusted());
        assert!(!ran.failed(1).contains("panicked"), "{at}: {ran:?}");
    }
}

/// The index and the proof of a file.
fn lines_of(file: &str) -> String {
    let lines: Vec<&str> = file.lines().collect();
    lines[2..6].join("\n")
}

/// Makes the tenth character after `mark` another one.
fn swap_digit(text: &str, mark: &str) -> String {
    let at = text.find(mark).expect("a mark") + mark.len() + 9;
    let other = if &text[at..=at] == "0" { "1" } else { "0" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}
