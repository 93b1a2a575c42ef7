//! One thing is wrong with what a server says of a log: it is found, and named.

use std::fmt::Write as _;

use annals_tlog::{
    checkpoint::Checkpoint,
    note::KeyType,
    tile::{Bundle, Tile},
};

use super::{
    Log, Reply, Server, Watcher,
    fake::{ORIGIN, key, log_key, signed},
};

/// Levels 0 to 2 of tiles, with partial ones.
pub(super) const SIZE: usize = 66_000;

/// What is done to the bytes of a file.
pub(super) type Alter = Box<dyn Fn(Vec<u8>) -> Reply>;

fn bytes(alter: impl Fn(&mut Vec<u8>) + 'static) -> Alter {
    Box::new(move |mut bytes| {
        alter(&mut bytes);
        Reply::Bytes(bytes)
    })
}

/// Changes one bit.
fn flip(at: usize) -> Alter {
    bytes(move |bytes| bytes[at] ^= 1)
}

fn status(status: u16, headers: &'static str) -> Alter {
    Box::new(move |_| Reply::Status(status, headers))
}

/// Takes something else.
fn instead(text: impl Into<Vec<u8>>) -> Alter {
    let text = text.into();
    Box::new(move |_| Reply::Bytes(text.clone()))
}

/// An exit code, the file that is altered, and how.
pub(super) fn cases(log: &Log) -> Vec<(i32, &'static str, Alter)> {
    let text = log.checkpoint(SIZE).to_string();
    let other_key = key(ORIGIN, KeyType::Ed25519, 2);
    let longer = Checkpoint::new(ORIGIN, SIZE as u64 + 1, log.checkpoint(SIZE).root()).expect("a checkpoint");
    let empty = Checkpoint::new(ORIGIN, 0, log.checkpoint(SIZE).root()).expect("a checkpoint");
    let other_log = text.replace("acct_0123456789abcdef", "acct_ffffffffffffffff");
    let other_root = log.altered(1).checkpoint(SIZE).to_string();
    let forged = log.note(SIZE).replace(&text, &other_root);
    let swapped = bytes(|bytes| {
        let bundle = Bundle::new(9, Tile::WIDTH_MAX).expect("a bundle");
        let copy = bytes.clone();
        let mut entries = bundle.decode(&copy).expect("sound");
        entries.swap(4, 5);
        *bytes = bundle.encode(entries).expect("sound");
    });
    let shorter = |count: usize| bytes(move |bytes| bytes.truncate(bytes.len() - count));
    let both = bytes(|bytes| bytes.extend_from_slice(&[0; 32]));
    vec![
        (3, "tile/0/000", flip(0)),
        (3, "tile/0/100", flip(5_000)),
        (3, "tile/0/256", flip(8_191)),
        (3, "tile/0/257.p/208", flip(6_000)),
        (3, "tile/1/000", flip(200 * 32)),
        (3, "tile/1/001.p/1", flip(0)),
        (3, "tile/2/000.p/1", flip(31)),
        (3, "tile/0/007", shorter(32)),
        (3, "tile/0/008", shorter(1)),
        (3, "tile/0/257.p/208", both),
        (3, "tile/0/007", instead("")),
        (3, "tile/entries/000", flip(2)),
        (3, "tile/entries/000", flip(0)),
        (3, "tile/entries/009", swapped),
        (3, "tile/entries/200", shorter(1)),
        (3, "tile/entries/200", bytes(|bytes| bytes.push(0))),
        (3, "tile/entries/257.p/208", bytes(|bytes| *bytes.last_mut().expect("bytes") = b'!')),
        (3, "tile/entries/100", instead("<html>")),
        (1, "tile/0/003", status(404, "")),
        (1, "tile/1/000", status(404, "")),
        (1, "tile/entries/257.p/208", status(404, "")),
        (1, "tile/entries/001", status(500, "")),
        (1, "tile/entries/001", status(429, "retry-after: 3600\r\n")),
        (1, "checkpoint", status(302, "location: http://127.0.0.1:1/\r\n")),
        (1, "checkpoint", status(401, "")),
        (1, "checkpoint", instead("<html>\n\nnot found\n")),
        (1, "checkpoint", instead("")),
        (1, "checkpoint", instead(text.clone())),
        (3, "checkpoint", instead(signed(&text, &[&other_key]))),
        (3, "checkpoint", instead(forged)),
        (3, "checkpoint", instead(signed(&other_log, &[&log_key()]))),
        (3, "checkpoint", instead(signed("no checkpoint\n", &[&log_key()]))),
        (3, "checkpoint", instead(signed(&other_root, &[&log_key()]))),
        (1, "checkpoint", instead(signed(&longer.to_string(), &[&log_key()]))),
        (3, "checkpoint", instead(signed(&empty.to_string(), &[&log_key()]))),
    ]
}

#[test]
fn every_alteration_is_found_and_named() {
    let log = Log::of(SIZE);
    let files = log.files(SIZE);
    let server = Server::start(files.clone());
    let sound = Watcher::of(&server);
    assert!(sound.right(&["--entries"]).ends_with("66,000 verified"));
    let mut messages = String::new();
    for (code, path, alter) in cases(&log) {
        let mut altered = files.clone();
        let Some(Reply::Bytes(bytes)) = altered.remove(path) else { panic!("no {path}") };
        altered.insert(path.to_owned(), alter(bytes));
        server.serve(altered);
        let watcher = Watcher::of(&server);
        let ran = watcher.look(&["--entries"]);
        let said = ran.failed(code).replace(&server.url(), "https://log");
        let error = said.lines().next().expect("an error").replace(ORIGIN, "ORIGIN");
        writeln!(messages, "{code} {path}\n  {error}").expect("a text");
        assert_eq!(watcher.remembered(), None, "{path}");
        assert_eq!(watcher.bad()[0].is_some(), code == 3, "{path}: {said}");
        assert!(said.contains("\nhint: "), "{said}");
    }
    insta::assert_snapshot!(messages);
}
