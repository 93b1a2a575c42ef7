//! A log that was set back, or that has another past than the one that was signed, is never signed again.

use std::{fs, path::Path, time::Duration};

use super::mirror::Mirror;
use crate::{
    read::history,
    support::{Server, Tenant},
};

/// Copies a data directory, without what lies beside the catalog and begins with `except`.
pub(crate) fn copy(from: &Path, to: &Path, except: &str) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(except) {
            continue;
        }
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &to.join(&name), except);
        } else {
            fs::copy(entry.path(), to.join(&name)).expect("copied");
        }
    }
}

/// Removes the catalog and the segments; the keys stay.
pub(crate) fn clear(data_dir: &Path) {
    for entry in fs::read_dir(data_dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            fs::remove_dir_all(path).expect("removed");
        } else if !path.to_string_lossy().contains("signing.key") {
            fs::remove_file(path).expect("removed");
        }
    }
}

#[tokio::test]
async fn a_restored_backup_is_noticed() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let backup = tempfile::tempdir().expect("temporary directory");
    let tenant = Tenant::create(dir.path(), "Tests");
    let history = history(500);
    let mut server = Server::start_in(dir.path(), &[]).await;
    server.post_lines(&tenant.token, &history[..300]).await.ok();
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.follow(300).await;
    let old_size = mirror.size();
    assert!(server.stop().await.0.success());
    drop(server);
    copy(dir.path(), backup.path(), "signing.key");

    let mut server = Server::start_in(dir.path(), &[]).await;
    server.post_lines(&tenant.token, &history[300..400]).await.ok();
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.follow(old_size + 100).await;
    assert!(server.stop().await.0.success());
    drop(server);

    // Yesterday's copy of catalog and segments, beside today's keys.
    clear(dir.path());
    copy(backup.path(), dir.path(), "signing.key");
    let mut server = Server::start_in(dir.path(), &[]).await;
    server.is_damaged = true;
    // It serves, but it signs neither what it has nor, later, other entries in the place of those that are gone.
    for lines in [&history[400..401], &history[401..]] {
        server.post_lines(&tenant.token, lines).await.ok();
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        let mut mirror = Mirror::of(&server, &tenant);
        mirror.look().await;
        assert_eq!(mirror.size(), old_size, "what was shown before the backup, and nothing else");
    }
    let (_, said) = server.stop().await;
    assert!(said.contains("a log contradicts what was signed of it"), "{said}");
    assert!(said.contains("it was set back"), "{said}");
}
