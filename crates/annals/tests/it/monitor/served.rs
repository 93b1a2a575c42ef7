//! A watcher of the real server.

use std::time::{Duration, Instant};

use annals_tlog::{checkpoint::Checkpoint, note::Note};

use super::Watcher;
use crate::{
    read::history,
    support::{Server, Tenant, annals},
    tlog::rollback::{clear, copy},
};

/// Somebody with the keys that the operator gives, and a token.
fn watcher(server: &Server, tenant: &Tenant) -> Watcher {
    let keys = annals(&server.data_dir, &["key", "show", "--account", &tenant.account]);
    let mut watcher = Watcher::at(server.url.clone(), vec![keys]);
    watcher.more = ["--account", &tenant.account, "--token", &tenant.token].map(str::to_owned).to_vec();
    watcher
}

fn size(note: &str) -> u64 {
    let note = Note::parse(note.as_bytes()).expect("a note");
    note.text().parse::<Checkpoint>().expect("a checkpoint").size()
}

/// Waits until the server has signed so many entries.
async fn signed(server: &Server, tenant: &Tenant, entries: u64) {
    let started = Instant::now();
    loop {
        let answer = server.get(&tenant.token, &format!("/tlog/{}/checkpoint", tenant.account)).await;
        if answer.status == 200 && size(&answer.text()) >= entries {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{}", answer.text());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_log_is_followed_as_it_grows() {
    let (server, tenant) = Server::start().await;
    let history = history(1_000);
    signed(&server, &tenant, 1).await;
    let mut watcher = watcher(&server, &tenant);
    assert!(watcher.right(&["--entries"]).contains("seen for the first time"));
    let mut entries = size(&watcher.remembered().expect("remembered"));
    for (round, lines) in history.chunks(250).enumerate() {
        server.post_lines(&tenant.token, lines).await.ok();
        signed(&server, &tenant, entries + lines.len() as u64).await;
        let said = watcher.right(if round % 2 == 0 { &["--entries"] } else { &[] });
        let seen = size(&watcher.remembered().expect("remembered"));
        assert!(said.contains(&format!("{entries} → ")) || entries > 999, "{said}");
        assert!(said.contains("entries, consistent"), "{said}");
        entries = seen;
    }
    // Nobody is told what the log of others holds; anybody reads one that is public, at its own address.
    let token = watcher.more.split_off(2);
    assert!(watcher.look(&[]).failed(1).contains("(HTTP 401)"));
    watcher.more = vec!["--token".to_owned(), Tenant::create(&server.data_dir, "Others").token];
    watcher.more.extend(["--account".to_owned(), tenant.account.clone()]);
    assert!(watcher.look(&[]).failed(1).contains(&format!("Log {} not found. (HTTP 404)", tenant.account)));
    annals(&server.data_dir, &["account", "publish", &tenant.account]);
    watcher.url = format!("{}/tlog/{}", server.url, tenant.account);
    watcher.more.clear();
    let started = Instant::now();
    while watcher.look(&[]).code != 0 {
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", watcher.look(&[]));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((watcher.bad(), token.len()), ([None, None], 2));
}

#[tokio::test]
async fn the_wrong_key_is_an_alarm() {
    let (server, tenant) = Server::start().await;
    signed(&server, &tenant, 1).await;
    let other = Tenant::create(&server.data_dir, "Others");
    let mut watcher = watcher(&server, &tenant);
    watcher.right(&[]);
    let remembered = watcher.remembered();
    let wrong = annals(&server.data_dir, &["key", "show", "--account", &other.account]);
    watcher.keys = vec![wrong];
    // What is remembered is not of this key either, and is looked at first.
    assert!(watcher.look(&[]).failed(1).contains("is not signed by"));
    assert_eq!(watcher.remembered(), remembered);
    std::fs::remove_file(watcher.state()).expect("removed");
    let ran = watcher.look(&[]);
    assert!(ran.failed(3).contains("the checkpoint is not signed by"), "{ran:?}");
    assert!(ran.stderr.contains("Compare --key"), "{ran:?}");
    assert_eq!(watcher.remembered(), None);
}

#[tokio::test]
async fn a_server_that_was_set_back_is_caught() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let backup = tempfile::tempdir().expect("temporary directory");
    let tenant = Tenant::create(dir.path(), "Tests");
    let history = history(500);
    let mut server = Server::start_in(dir.path(), &[]).await;
    server.post_lines(&tenant.token, &history[..300]).await.ok();
    signed(&server, &tenant, 300).await;
    assert!(server.stop().await.0.success());
    // Everything, with what the keys have signed: nothing on this machine knows better then.
    copy(dir.path(), backup.path(), "nothing");

    let mut server = Server::start_in(dir.path(), &[]).await;
    server.post_lines(&tenant.token, &history[300..400]).await.ok();
    signed(&server, &tenant, 400).await;
    let mut watcher = watcher(&server, &tenant);
    watcher.right(&["--entries"]);
    let right = watcher.remembered().expect("remembered");
    assert!(server.stop().await.0.success());

    clear(dir.path());
    copy(backup.path(), dir.path(), "nothing");
    let server = Server::start_in(dir.path(), &[]).await;
    watcher.url.clone_from(&server.url);
    let ran = watcher.look(&[]);
    assert!(ran.failed(3).contains("the log shrank: it had"), "{ran:?}");
    let shrunk = watcher.bad()[0].clone().expect("what was served");
    assert!(size(&shrunk) < size(&right));

    // With other entries in the place of those that are gone it is large enough again, and no better.
    server.post_lines(&tenant.token, &history[400..]).await.ok();
    server.post_lines(&tenant.token, &history[300..330]).await.ok();
    signed(&server, &tenant, size(&right) + 1).await;
    let ran = watcher.look(&["--entries"]);
    assert!(ran.failed(3).contains("the log was rewritten: the root of its first"), "{ran:?}");
    let [first, last] = watcher.bad();
    assert_eq!(first, Some(shrunk));
    assert!(last.is_some_and(|last| size(&last) > size(&right)));
    assert_eq!(watcher.remembered(), Some(right));
}

#[tokio::test]
async fn it_goes_on_while_the_server_is_away() {
    use std::{io::Read as _, process::Stdio};

    let (mut server, tenant) = Server::start().await;
    signed(&server, &tenant, 1).await;
    let watcher = watcher(&server, &tenant);
    let mut command = crate::cli::command(&["monitor", "--every", "1", "--url", &watcher.url, "--state"]);
    command.arg(watcher.state()).args(["--key", &watcher.keys[0]]).args(&watcher.more);
    let mut monitor = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("annals runs");
    let started = Instant::now();
    while watcher.remembered().is_none() {
        assert!(started.elapsed() < Duration::from_secs(20), "nothing is remembered");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    server.kill();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(monitor.try_wait().expect("it can be asked").is_none(), "it ended");
    monitor.kill().expect("killed");
    let (mut out, mut err) = (String::new(), String::new());
    monitor.stdout.take().expect("piped").read_to_string(&mut out).expect("UTF-8");
    monitor.stderr.take().expect("piped").read_to_string(&mut err).expect("UTF-8");
    monitor.wait().expect("it ended");
    assert!(out.contains("seen for the first time") && out.contains("unchanged"), "{out}");
    assert!(err.contains("cannot reach"), "{err}");
}
