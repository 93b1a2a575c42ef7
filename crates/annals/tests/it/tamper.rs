//! Whatever is changed in a data directory, `annals verify` finds it and names it.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use annals_format::{Row, segment};
use rusqlite::{Connection, params};
use serde_json::json;

use crate::{
    read::history,
    support::{InMemory, Server, Tenant, run},
    tlog::{Mirror, copy},
};

/// A data directory with entries in several segments and a head, signed, and nobody serving it.
struct Evidence {
    dir: tempfile::TempDir,
    tenant: Tenant,
}

impl Evidence {
    async fn make() -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        let tenant = Tenant::create(dir.path(), "Tests");
        let mut server = Server::start_in(dir.path(), &[]).await;
        for lines in history(1_500).chunks(300) {
            server.post_lines(&tenant.token, lines).await.ok();
        }
        for n in 0..40 {
            let event = json!({"object_type": "budget", "event": "record_created", "object_token": format!("late_{n}"),
                "user": "Zoë", "user_id": 4_711, "after": {"title": format!("late {n}")}});
            server.post(&tenant.token, &event).await.ok();
        }
        Mirror::of(&server, &tenant).follow(1_540).await;
        assert!(server.stop().await.0.success());
        Self { dir, tenant }
    }

    /// What `annals verify` says after `tamper` was done to a copy; `None` if it finds nothing.
    fn finding(&self, tamper: impl FnOnce(&Path)) -> Option<String> {
        let copy_of = tempfile::tempdir().expect("temporary directory");
        copy(self.dir.path(), copy_of.path(), "nothing");
        tamper(copy_of.path());
        let output = run(copy_of.path(), &["verify"]);
        if output.status.success() {
            return None;
        }
        assert_eq!(output.status.code(), Some(1));
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Some(said.replace(&self.tenant.account, "ACCOUNT"))
    }
}

fn catalog(dir: &Path) -> Connection {
    let connection = Connection::open(dir.join("catalog.sqlite")).expect("a catalog");
    // What was only in the log is in the file, whatever is done to it next.
    connection.query_one("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).expect("a checkpoint");
    connection
}

fn sql(dir: &Path, statement: &str) {
    let changed = catalog(dir).execute(statement, ()).expect("SQL");
    assert!(changed > 0, "{statement} changed nothing");
}

/// The files of segments, and the names that the catalog gives them, by their first index.
fn segments(dir: &Path) -> Vec<(PathBuf, String)> {
    let connection = catalog(dir);
    let mut names = connection.prepare("SELECT name FROM segments ORDER BY first").expect("SQL");
    let names = names.query_map((), |row| row.get::<_, String>(0)).expect("SQL");
    let mut files = Vec::new();
    find(&dir.join("blobs"), &mut files);
    names
        .map(|name| {
            let name = name.expect("a name");
            let file = files.iter().find(|file| file.to_string_lossy().contains(&name)).expect("its file");
            (file.clone(), name)
        })
        .collect()
}

fn find(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { find(&path, files) } else { files.push(path) }
    }
}

fn flip(file: &Path, offset: u64) {
    let file = File::options().read(true).write(true).open(file).expect("a file");
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).expect("a byte");
    file.write_all_at(&[byte[0] ^ 0x10], offset).expect("written");
}

/// Writes a file, which is there or not.
fn write(path: &Path, bytes: &[u8]) {
    let mut file = File::create(path).expect("a file");
    file.write_all(bytes).expect("written");
}

/// Changes the row of the newest entry in the head by `change`; it was recorded by itself, and is in a chunk of its own.
fn change_head_row(dir: &Path, change: impl Fn(&str) -> String) {
    let connection = catalog(dir);
    let (key, row): (i64, Vec<u8>) = connection
        .query_one("SELECT key, rows FROM head ORDER BY key DESC LIMIT 1", (), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .expect("a row");
    // The title is of the same length, so that everything else in the row stays right.
    let at = row.windows(5).position(|window| window == b"late ").expect("the title");
    let text = String::from_utf8(row[at..at + 7].to_vec()).expect("ASCII");
    let changed = change(&text);
    assert_eq!(changed.len(), text.len());
    let altered = [&row[..at], changed.as_bytes(), &row[at + 7..]].concat();
    Row::decode(&altered).expect("still a row");
    connection.execute("UPDATE head SET rows = ?2 WHERE key = ?1", params![key, altered]).expect("SQL");
}

/// Seals the entries of a segment again with a part of its index left out, as somebody would who hides an entry.
fn hide(dir: &Path) {
    use segment::{Extra, Options, Sealer};
    let (file, name) = segments(dir).remove(0);
    let bytes = fs::read(&file).expect("a segment");
    let parts = InMemory(bytes);
    let open = segment::Segment::open(&parts.0, parts.0.len() as u64).expect("a segment");
    let hidden = open.indexes().start + 40;
    let mut sealer =
        Sealer::new(Vec::new(), Vec::new(), &Options::default(), |row: &Row, extra: &mut Extra| {
            let token = row.keys().expect("keys").token;
            // One entry is no longer found by its words.
            if open.find(&parts, token).expect("a token")
                != open.position(&parts, hidden).expect("a position")
            {
                row.searched_texts(|text| extra.text(text));
            }
            row.changed_fields(|field| extra.changed(field));
        })
        .expect("memory");
    for (position, row) in (0..open.rows()).zip(open.all_rows(&parts)) {
        let (_, index) = open.place(&parts, position).expect("a place");
        sealer.push(index, row.expect("a row")).expect("in order");
    }
    let (summary, sealed) = sealer.finish().expect("sealed");
    replace(dir, &file, &name, &summary, &sealed);
}

/// Writes a segment without one of its entries, as if that were no longer kept.
fn prune_in_secret(dir: &Path) {
    use segment::{Fate, Options};
    let (file, name) = segments(dir).remove(0);
    let parts = InMemory(fs::read(&file).expect("a segment"));
    let open = segment::Segment::open(&parts.0, parts.0.len() as u64).expect("a segment");
    let hidden = open.indexes().start + 40;
    let fate = |index: u64, _: &Row| if index == hidden { Fate::Pruned } else { Fate::Stays };
    let terms = |row: &Row, extra: &mut segment::Extra| {
        row.searched_texts(|text| extra.text(text));
        row.changed_fields(|field| extra.changed(field));
    };
    let mut sealed = Vec::new();
    let summary =
        segment::rewrite((&open, &parts), &Options::default(), fate, terms, &mut sealed).expect("rewritten");
    replace(dir, &file, &name, &summary, &sealed);
}

/// Puts another file in the place of a segment.
fn replace(dir: &Path, file: &Path, name: &str, summary: &segment::Summary, sealed: &[u8]) {
    write(file, sealed);
    let connection = catalog(dir);
    let changed = connection.execute(
        "UPDATE segments SET bytes = ?2, footer_bytes = ?3 WHERE name = ?1",
        params![name, i64::try_from(summary.bytes).expect("small"), summary.footer_bytes],
    );
    assert_eq!(changed.expect("SQL"), 1);
}

/// What is done, and what is said of it.
type Tamper = (&'static str, fn(&Path), &'static str);

const TAMPERS: &[Tamper] = &[
    (
        "a title in the head",
        (|dir| change_head_row(dir, |text| text.replace("late", "lost"))),
        "its row does not make its leaf",
    ),
    (
        "an entry of the head deleted",
        (|dir| sql(dir, "DELETE FROM head WHERE key = (SELECT max(key) - 3 FROM head)")),
        "has no entry at index",
    ),
    (
        "the newest entry deleted",
        (|dir| sql(dir, "DELETE FROM head WHERE key = (SELECT max(key) FROM head)")),
        "has no entry at index",
    ),
    (
        "the newest entries deleted, and the log made shorter",
        (|dir| {
            sql(dir, "DELETE FROM head WHERE key > (SELECT max(key) - 3 FROM head)");
            sql(dir, "UPDATE trees SET size = size - 3 WHERE account = 1");
        }),
        "the edge of a tree of",
    ),
    (
        "two entries of the head exchanged",
        (|dir| {
            sql(dir, "UPDATE head SET key = -1 WHERE key = (SELECT max(key) FROM head)");
            sql(dir, "UPDATE head SET key = key + 1 WHERE key = (SELECT max(key) FROM head)");
            sql(dir, "UPDATE head SET key = (SELECT max(key) - 1 FROM head) WHERE key = -1");
        }),
        "not those of",
    ),
    (
        "an entry of the head in the place of another",
        (|dir| {
            let last = "(SELECT max(key) FROM head)";
            sql(
                dir,
                &format!(
                    "UPDATE head SET (leaves, rows) = (SELECT leaves, rows FROM head WHERE key = {last} - 5) WHERE key = {last}"
                ),
            );
        }),
        "not those of",
    ),
    (
        "a hash of a tile",
        (|dir| sql(dir, "UPDATE tile_hashes SET hash = zeroblob(32) WHERE level = 1 AND position = 2")),
        "entries 512 to 767 are not those that were committed",
    ),
    (
        "the edge of the tree",
        (|dir| sql(dir, "UPDATE trees SET edge = zeroblob(length(edge))")),
        "not the one that was committed",
    ),
    (
        "the root of the checkpoint",
        (|dir| sql(dir, "UPDATE checkpoints SET root = zeroblob(32)")),
        "it is of another tree than the catalog says",
    ),
    (
        "a signature",
        (|dir| {
            sql(
                dir,
                "UPDATE checkpoints SET note = substr(note, 1, length(note) - 12) || 'AAAAAAAAAA=' || char(10)",
            );
        }),
        "the last checkpoint in the catalog",
    ),
    (
        "a segment that is no longer listed",
        (|dir| sql(dir, "DELETE FROM segments WHERE first = 0")),
        "cannot hold 256..512",
    ),
    (
        "the newest segment no longer listed",
        (|dir| sql(dir, "DELETE FROM segments WHERE first = (SELECT max(first) FROM segments)")),
        "has no entry at index",
    ),
    (
        "two segments exchanged",
        (|dir| {
            let files = segments(dir);
            let (one, other) = (&files[0].0, &files[1].0);
            let between = dir.join("between");
            fs::rename(one, &between).expect("renamed");
            fs::rename(other, one).expect("renamed");
            fs::rename(&between, other).expect("renamed");
        }),
        "segment",
    ),
    ("a segment deleted", (|dir| fs::remove_file(&segments(dir)[0].0).expect("removed")), "segment"),
    ("an entry hidden from searches", hide, "is not found under word"),
    ("an entry pruned in secret", prune_in_secret, "no entry of the log says that it was to be pruned"),
];

#[tokio::test]
async fn whatever_is_changed_is_found_and_named() {
    let evidence = Evidence::make().await;
    assert_eq!(evidence.finding(|_| {}), None, "nothing was changed");
    assert!(segments(evidence.dir.path()).len() >= 2);

    let mut findings = Vec::new();
    for (what, tamper, expected) in TAMPERS {
        let finding = evidence.finding(tamper).unwrap_or_else(|| panic!("{what}: not found"));
        assert!(finding.contains(expected), "{what}: {finding}");
        findings.push(format!("{what}: {}", finding.lines().next().unwrap_or_default()));
    }
    // Every part of a segment's file.
    let (file, segment) = segments(evidence.dir.path()).remove(0);
    let bytes = fs::metadata(&file).expect("a file").len();
    let inside = file.strip_prefix(evidence.dir.path()).expect("inside").to_owned();
    for offset in
        (0..bytes).step_by(usize::try_from(bytes / 40).expect("small")).chain([bytes - 1, bytes - 9])
    {
        let finding = evidence.finding(|dir| flip(&dir.join(&inside), offset));
        let finding = finding.unwrap_or_else(|| panic!("bit at byte {offset} of {bytes}: not found"));
        assert!(finding.contains(&segment), "{offset}: {finding}");
    }
    assert!(findings.iter().all(|finding| finding.contains("NOT INTACT")), "{findings:#?}");
}

#[tokio::test]
async fn a_catalog_of_yesterday_is_found() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let yesterday = tempfile::tempdir().expect("temporary directory");
    let tenant = Tenant::create(dir.path(), "Tests");
    let mut server = Server::start_in(dir.path(), &[]).await;
    let history = history(200);
    server.post_lines(&tenant.token, &history[..100]).await.ok();
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.follow(100).await;
    let kept = mirror.get("checkpoint").await.body;
    assert!(server.stop().await.0.success());
    copy(dir.path(), yesterday.path(), "signing.key");
    let mut server = Server::start_in(dir.path(), &[]).await;
    server.post_lines(&tenant.token, &history[100..]).await.ok();
    Mirror::of(&server, &tenant).follow(200).await;
    let later = Mirror::of(&server, &tenant).get("checkpoint").await.body;
    assert!(server.stop().await.0.success());
    copy(dir.path(), yesterday.path(), "catalog.sqlite");

    // Beside today's keys the catalog is known to be of yesterday.
    let output = run(yesterday.path(), &["verify"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("entries are gone") && said.contains("signed last with the server's keys"),
        "{said}"
    );

    // And without them, to whoever has kept a checkpoint.
    fs::remove_file(yesterday.path().join("signing.key.signed")).expect("removed");
    let checkpoint = |bytes: &[u8]| {
        let file = yesterday.path().join("kept.checkpoint");
        write(&file, bytes);
        let file = file.to_str().expect("UTF-8").to_owned();
        run(yesterday.path(), &["verify", "--account", &tenant.account, "--checkpoint", &file])
    };
    assert!(checkpoint(&kept).status.success());
    let output = checkpoint(&later);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("the checkpoint that was given") && said.contains("entries are gone"), "{said}");
}
