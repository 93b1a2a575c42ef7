//! Checkpoints that are signed by the right key, and cannot both be those of one growing log.

use super::{Log, Reply, Server, Watcher, fake::ORIGIN};

#[test]
fn a_log_that_was_rewritten_is_found_out() {
    let log = Log::of(1_500);
    // A change at the very beginning, in the last entry that was seen, and, harmlessly, after it.
    for (altered, size, found) in [
        (0, 1_500, true),
        (999, 1_500, true),
        (999, 1_001, true),
        (500, 1_000, true),
        (1_000, 1_500, false),
        (1_499, 1_500, false),
    ] {
        let server = Server::start(log.files(1_000));
        let watcher = Watcher::of(&server);
        watcher.right(&[]);
        let other = log.altered(altered);
        server.serve(other.files(size));
        if !found {
            watcher.right(&["--entries"]);
            continue;
        }
        let ran = watcher.look(&[]);
        let said = ran.failed(3);
        assert!(said.contains(&format!("DO NOT TRUST THIS LOG: {ORIGIN}: the log was rewritten")), "{said}");
        let root = |log: &Log| log.checkpoint(1_000).root().to_string();
        assert!(said.contains(&format!("was {}, but is {}", root(&log), root(&other))), "{said}");
        assert!(said.contains(&format!("in the checkpoint of {size} entries")), "{said}");
        for file in
            ["log.checkpoint, which is what was right", "log.checkpoint.bad, which is what was served"]
        {
            assert!(said.contains(file), "{said}");
        }
        assert_eq!(watcher.remembered(), Some(log.note(1_000)));
        assert_eq!(watcher.bad(), [Some(other.note(size)), None]);
    }
}

#[test]
fn evidence_is_never_overwritten() {
    let log = Log::of(600);
    let server = Server::start(log.files(400));
    let watcher = Watcher::of(&server);
    watcher.right(&[]);
    let other = log.altered(7);
    for (size, last) in [(400, None), (400, None), (500, Some(500)), (600, Some(600))] {
        server.serve(other.files(size));
        watcher.look(&["--entries"]).failed(3);
        assert_eq!(watcher.remembered(), Some(log.note(400)));
        assert_eq!(watcher.bad(), [Some(other.note(400)), last.map(|size| other.note(size))]);
    }
    // The log is as it was again: it is followed, and what was kept stays.
    server.serve(log.files(600));
    watcher.right(&["--entries"]);
    assert_eq!(watcher.remembered(), Some(log.note(600)));
    assert_eq!(watcher.bad(), [Some(other.note(400)), Some(other.note(600))]);
}

#[test]
fn a_log_that_shrank_is_found_out() {
    let log = Log::of(300);
    let server = Server::start(log.files(300));
    let watcher = Watcher::of(&server);
    watcher.right(&[]);
    server.serve(log.files(299));
    let ran = watcher.look(&[]);
    assert!(ran.failed(3).contains("the log shrank: it had 300 entries, and now has 299"), "{ran:?}");
    assert_eq!(watcher.remembered(), Some(log.note(300)));
    assert_eq!(watcher.bad(), [Some(log.note(299)), None]);
}

#[test]
fn two_roots_of_the_same_size_need_no_tiles_to_be_found() {
    let log = Log::of(300);
    let server = Server::start(log.files(300));
    let watcher = Watcher::of(&server);
    watcher.right(&[]);
    let other = log.altered(3);
    server.serve([("checkpoint".to_owned(), Reply::Bytes(other.note(300).into_bytes()))].into());
    let ran = watcher.look(&[]);
    assert!(ran.failed(3).contains("the log was rewritten"), "{ran:?}");
    assert_eq!(watcher.bad(), [Some(other.note(300)), None]);
}

#[test]
fn what_is_remembered_has_to_be_of_this_log() {
    let log = Log::of(3);
    let server = Server::start(log.files(3));
    let watcher = Watcher::of(&server);
    for (text, sentence) in [
        ("", "holds no checkpoint"),
        ("nothing\n", "holds no checkpoint"),
        (&log.note(2).replace("\n2\n", "\n1\n"), "is not signed by"),
    ] {
        watcher.remember(text);
        let ran = watcher.look(&[]);
        assert!(ran.failed(1).contains(sentence), "{ran:?}");
        assert!(ran.stderr.contains("log.checkpoint"), "{ran:?}");
        assert_eq!(watcher.remembered().as_deref(), Some(text));
        assert_eq!(watcher.bad(), [None, None]);
    }
    watcher.remember(&log.note(2));
    watcher.right(&["--entries"]);
}
