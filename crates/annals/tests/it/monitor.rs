//! `annals monitor`, and with it the verification of logs over HTTP: what is right is followed, what is wrong is named.

mod altered;
mod contradictions;
mod fake;
mod served;
mod verify;

use std::{
    fs,
    path::{Path, PathBuf},
};

use annals_tlog::note::{KeyType, SignerKey};

use crate::cli::{Ran, command};
use fake::{Log, Reply, Server, key, log_key, signed};

/// Somebody who watches the log at an address.
struct Watcher {
    dir: tempfile::TempDir,
    url: String,
    keys: Vec<String>,
    more: Vec<String>,
}

impl Watcher {
    /// With nothing remembered, and the key of the test's log.
    fn of(server: &Server) -> Self {
        Self::at(server.url(), vec![log_key().verifier().to_string()])
    }

    fn at(url: String, keys: Vec<String>) -> Self {
        Self { dir: tempfile::tempdir().expect("a directory"), url, keys, more: Vec::new() }
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("log.checkpoint")
    }

    /// What is remembered.
    fn remembered(&self) -> Option<String> {
        read(&self.state())
    }

    /// Has this remembered.
    #[expect(clippy::disallowed_methods, reason = "a file of a test need not last")]
    fn remember(&self, text: &str) {
        fs::write(self.state(), text).expect("a file");
    }

    /// What was found to be wrong: the first, and the last if it is another one.
    fn bad(&self) -> [Option<String>; 2] {
        ["bad", "bad.last"].map(|end| read(&self.state().with_added_extension(end)))
    }

    fn look(&self, arguments: &[&str]) -> Ran {
        let mut command = command(&["monitor", "--url", &self.url, "--state"]);
        command.arg(self.state()).args(&self.more).args(arguments);
        for key in &self.keys {
            command.args(["--key", key]);
        }
        Ran::of(command, None)
    }

    /// Looks, and finds the log right. Answers what it said but for the time, which has to be one.
    #[track_caller]
    fn right(&self, arguments: &[&str]) -> String {
        let ran = self.look(arguments);
        let (time, said) = ran.ok().trim_end().split_once(' ').expect("a time");
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{ran:?}");
        assert_eq!((ran.stderr.as_str(), said.lines().count()), ("", 1), "{ran:?}");
        said.to_owned()
    }
}

fn read(path: &Path) -> Option<String> {
    path.exists().then(|| fs::read_to_string(path).expect("a text"))
}

#[test]
fn a_growing_log_is_followed_and_only_what_is_new_is_read() {
    let sizes = [1, 2, 255, 256, 257, 300, 511, 512, 700, 65_535, 65_536, 65_537, 66_000];
    let log = Log::of(66_000);
    let server = Server::start(log.files(sizes[0]));
    let watcher = Watcher::of(&server);
    assert_eq!(
        watcher.right(&["--entries"]),
        format!("{}: 1 entries, seen for the first time, 1 verified", fake::ORIGIN)
    );
    for pair in sizes.windows(2) {
        let [old, new] = [pair[0], pair[1]];
        server.serve(log.files(new));
        server.asked();
        let said = watcher.right(&["--entries"]);
        let number = |size| indicatif::HumanCount(size as u64).to_string();
        assert_eq!(
            said,
            format!(
                "{}: {} → {} entries, consistent, {} verified",
                fake::ORIGIN,
                number(old),
                number(new),
                number(new - old)
            )
        );
        let asked = server.asked();
        let bundles = asked.iter().filter(|path| path.starts_with("tile/entries/")).count();
        assert_eq!(bundles, new.div_ceil(256) - old / 256, "{old} to {new}");
        assert_eq!(watcher.remembered(), Some(log.note(new)));
    }
    server.asked();
    assert_eq!(watcher.right(&["--entries"]), format!("{}: 66,000 entries, unchanged", fake::ORIGIN));
    // Without entries a few tiles are enough, however much the log has grown.
    let other = Watcher::of(&server);
    server.serve(log.files(300));
    other.right(&[]);
    server.serve(log.files(66_000));
    server.asked();
    other.right(&[]);
    let asked = server.asked();
    assert!(asked.len() < 8, "{asked:?}");
    assert!(!asked.iter().any(|path| path.contains("entries")), "{asked:?}");
    assert_eq!(watcher.bad(), [None, None]);
}

#[test]
fn a_log_that_has_grown_meanwhile_has_full_tiles_in_the_place_of_partial_ones() {
    let log = Log::of(66_000);
    let server = Server::start(log.files(66_000));
    let mut files = log.files(66_000);
    files.insert("checkpoint".to_owned(), Reply::Bytes(log.note(65_700).into_bytes()));
    // 65,700 entries end within tile 256, which is full now; the tiles above it have not become full.
    for (path, reply) in log.files(65_700) {
        if path.starts_with("tile/1/") || path.starts_with("tile/2/") {
            files.insert(path, reply);
        }
    }
    server.serve(files);
    let watcher = Watcher::of(&server);
    assert!(watcher.right(&["--entries"]).ends_with("65,700 verified"));
}

#[test]
fn witnesses_have_to_have_cosigned() {
    let log = Log::of(300);
    let [first, second] = [1, 2].map(|seed| {
        let name = format!("witness.example.com/{seed}");
        [KeyType::Ed25519Cosignature, KeyType::MlDsa44Cosignature].map(|kind| key(&name, kind, seed))
    });
    let serve = |cosigners: &[&SignerKey]| {
        let log_key = log_key();
        let keys: Vec<&SignerKey> = [&log_key].into_iter().chain(cosigners.iter().copied()).collect();
        let note = signed(&log.checkpoint(300).to_string(), &keys);
        let mut files = log.files(300);
        files.insert("checkpoint".to_owned(), Reply::Bytes(note.into_bytes()));
        files
    };
    let server = Server::start(serve(&[]));
    let mut watcher = Watcher::of(&server);
    for key in first.iter().chain(&second) {
        watcher.more.extend(["--witness".to_owned(), key.verifier().to_string()]);
    }
    // Two keys of one witness are one witness.
    for (cosigners, found) in [(vec![], 0), (vec![&first[0]], 1), (vec![&first[0], &first[1]], 1)] {
        server.serve(serve(&cosigners));
        let ran = watcher.look(&[]);
        let said = ran.failed(1);
        assert!(said.contains(&format!("is cosigned by {found} of the 2 witnesses")), "{said}");
        assert_eq!((watcher.remembered(), watcher.bad()), (None, [None, None]));
    }
    watcher.right(&["--quorum", "1"]);
    server.serve(serve(&[&first[1], &second[0]]));
    watcher.right(&[]);
    assert!(watcher.look(&["--quorum", "3"]).failed(2).contains("3 witnesses cannot have cosigned"));

    // A cosignature that is not right is worse than none.
    let other = signed(&log.checkpoint(200).to_string(), &[&first[0]]);
    let line = other.lines().last().expect("a signature");
    let mut files = log.files(300);
    files.insert("checkpoint".to_owned(), Reply::Bytes(format!("{}{line}\n", log.note(300)).into_bytes()));
    server.serve(files);
    let ran = watcher.look(&[]);
    assert!(ran.failed(3).contains("a cosignature of the checkpoint is wrong"), "{ran:?}");
}

#[test]
fn slow_and_huge_answers_are_cut_off() {
    let log = Log::of(300);
    let paths = ["checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/entries/000"];
    for (path, most) in paths.into_iter().zip([64 << 10, 8 << 10, 8 << 10, 16 << 20]) {
        let mut files = log.files(300);
        files.insert(path.to_owned(), Reply::Endless);
        let server = Server::start(files.clone());
        let watcher = Watcher::of(&server);
        let ran = watcher.look(&["--entries"]);
        assert!(ran.failed(1).contains("and was cut off"), "{path}: {ran:?}");
        assert!(ran.stderr.contains(&format!("/{path} is longer than")), "{path}: {ran:?}");
        // What is beyond are the buffers of the system.
        let sent = server.sent.load(std::sync::atomic::Ordering::Relaxed);
        assert!(sent < most + (16 << 20), "{path}: {sent}");
        assert_eq!(watcher.remembered(), None);
    }
    let mut files = log.files(300);
    files.insert("tile/entries/001.p/44".to_owned(), Reply::Trickle);
    let server = Server::start(files);
    let started = std::time::Instant::now();
    let ran = Watcher::of(&server).look(&["--entries", "--timeout", "1"]);
    assert!(ran.failed(1).contains("was not answered in full within 1 s"), "{ran:?}");
    assert!(started.elapsed() < std::time::Duration::from_secs(10));
}

#[test]
fn a_call_that_makes_no_sense_ends_with_2() {
    let server = Server::start(Log::of(1).files(1));
    let watcher = Watcher::of(&server);
    let other = key("audit.example.com/acct_other", KeyType::Ed25519, 3).verifier().to_string();
    let witness = key("witness.example.com", KeyType::Ed25519, 4).verifier().to_string();
    for (arguments, sentence) in [
        (&["--key", "audit.example.com+00000000+AQ"][..], "is no verifier key"),
        (&["--key", &other], "the keys are of different logs"),
        (&["--witness", &witness], "is the key of a log, not of a witness"),
        (&["--quorum", "1"], "--witness"),
        (&["--account", "../v2"], "is not the token of an account"),
        (&["--every", "0"], "--every"),
        (&["--timeout", "0"], "--timeout"),
    ] {
        let ran = watcher.look(arguments);
        assert!(ran.failed(2).contains(sentence), "{arguments:?}: {ran:?}");
    }
    let mut wrong = Watcher::of(&server);
    wrong.url = "ftp://audit.example.com".to_owned();
    assert!(wrong.look(&[]).failed(2).contains("is no address of a log"));
    assert!(server.asked().is_empty());
    // Keys are taken as `annals key show` prints them while there are two.
    let mut both = Watcher::of(&server);
    let newer = key(fake::ORIGIN, KeyType::Ed25519, 9).verifier().to_string();
    both.keys = vec![format!("{newer}\n{}\n", both.keys[0])];
    both.right(&[]);
}
