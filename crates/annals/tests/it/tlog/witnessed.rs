//! Logs whose checkpoints are cosigned: by witnesses that are there, absent, slow, or that know more than the log.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use annals_tlog::note::{Note, VerifierKey};

use super::{
    mirror::Mirror,
    proofs::{keys, proof, verify},
    rollback::copy,
};
use crate::{
    read::history,
    support::{Server, Tenant, annals},
    witness::server::WitnessServer,
};

/// How long cosignatures may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A tenant in a new data directory, whose log these witnesses know.
fn tenant(data_dir: &Path, witnesses: &[&WitnessServer]) -> Tenant {
    let tenant = Tenant::create(data_dir, "Tests");
    annals(data_dir, &["key", "create", "audit.example.com"]);
    witness(data_dir, &tenant, witnesses);
    tenant
}

fn witness(data_dir: &Path, tenant: &Tenant, witnesses: &[&WitnessServer]) {
    let vkey = annals(data_dir, &["key", "show", "--account", &tenant.account]);
    for witness in witnesses {
        witness.add_key(&vkey);
    }
}

async fn start(data_dir: &Path, witnesses: &[&WitnessServer]) -> Server {
    let settings: Vec<String> = witnesses.iter().map(|witness| witness.setting()).collect();
    Server::start_in(data_dir, &["--witnesses", &settings.join(",")]).await
}

/// Waits for a checkpoint of at least `size` entries that all of these keys have signed.
async fn cosigned(server: &Server, tenant: &Tenant, size: u64, keys: &[VerifierKey]) -> Note {
    let mut mirror = Mirror::of(server, tenant);
    let started = Instant::now();
    loop {
        mirror.follow(size).await;
        if mirror.signers(keys) == keys.len() {
            return Note::parse(&mirror.get("checkpoint").await.body).expect("a note");
        }
        let signed = mirror.signers(keys);
        assert!(started.elapsed() < PATIENCE, "{signed} of {} keys cosigned", keys.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn two_witnesses_cosign_checkpoints_and_proofs() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (a, b) = (
        WitnessServer::start("witness.example.com/a").await,
        WitnessServer::start("witness.example.net/b").await,
    );
    let tenant = tenant(dir.path(), &[&a, &b]);
    let mut server = start(dir.path(), &[&a, &b]).await;
    let all_keys = [&a.keys[..], &b.keys].concat();
    let history = history(600);
    let mut size = 0;
    for lines in history.chunks(200) {
        size += 200;
        let recorded = server.post_lines(&tenant.token, lines).await.ok();
        cosigned(&server, &tenant, size, &all_keys).await;
        let token = recorded["audit_logs"][7]["token"].as_str().expect("a token");
        let witnesses = all_keys.iter().flat_map(|key| ["--witness".to_owned(), key.to_string()]);
        let arguments: Vec<String> = keys(&server, &tenant).into_iter().chain(witnesses).collect();
        let proven = verify(&proof(&server, &tenant, token).await, &arguments);
        assert_eq!(proven["cosigned_by"].as_array().map(Vec::len), Some(4), "{proven}");
    }
    let metrics = server.get("", "/metrics").await.text();
    for name in ["witness.example.com/a", "witness.example.net/b"] {
        let line = format!("annals_witness_answers_total{{witness=\"{name}\",outcome=\"cosigned\"}}");
        assert!(metrics.contains(&line), "{metrics}");
    }
    // Cosignatures are kept: they are there at once after a restart, when nobody can be asked.
    let note = cosigned(&server, &tenant, size, &all_keys).await;
    assert!(server.stop().await.0.success());
    let server = Server::start_in(dir.path(), &[]).await;
    let shown = Mirror::of(&server, &tenant).get("checkpoint").await;
    assert_eq!(shown.text(), note.to_string());
}

#[tokio::test]
async fn a_log_is_signed_without_witnesses_that_do_not_answer() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (mut a, b, unknowing) = (
        WitnessServer::start("witness.example.com/a").await,
        WitnessServer::start("witness.example.net/b").await,
        WitnessServer::start("witness.example.org/c").await,
    );
    let tenant = tenant(dir.path(), &[&a, &b]);
    // One that takes a connection and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let silent_key = WitnessServer::start("witness.example.com/silent").await.keys[0].clone();
    let silent = format!("http://{} {silent_key}", silent.local_addr().expect("an address"));
    a.kill();
    let settings = [a.setting(), b.setting(), unknowing.setting(), silent];
    let mut server = Server::start_in(dir.path(), &["--witnesses", &settings.join(",")]).await;
    let history = history(30);
    for (round, lines) in (1..).zip(history.chunks(10)) {
        server.post_lines(&tenant.token, lines).await.ok();
        cosigned(&server, &tenant, 10 * round, &b.keys).await;
    }
    // Who comes back is asked again, and who learns of the log cosigns it.
    a.restart_where_it_was().await;
    witness(dir.path(), &tenant, &[&unknowing]);
    let all_keys = [&a.keys[..], &b.keys, &unknowing.keys].concat();
    cosigned(&server, &tenant, 30, &all_keys).await;
    let (_, said) = server.stop().await;
    for (part, times) in [
        // The silent one, too, if it was given the time for that.
        ("a witness cannot be reached", 1..=2),
        ("a witness does not cosign a log", 1..=1),
        ("a witness answers again", 1..=1),
        ("a witness cosigns a log again", 1..=1),
    ] {
        assert!(times.contains(&said.matches(part).count()), "{part}: {said}");
    }
}

#[tokio::test]
async fn data_and_keys_that_were_set_back_together_are_noticed() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let backup = tempfile::tempdir().expect("temporary directory");
    let w = WitnessServer::start("witness.example.com/w").await;
    let tenant = tenant(dir.path(), &[&w]);
    let history = history(500);
    let mut server = start(dir.path(), &[&w]).await;
    server.post_lines(&tenant.token, &history[..300]).await.ok();
    cosigned(&server, &tenant, 300, &w.keys).await;
    assert!(server.stop().await.0.success());
    copy(dir.path(), backup.path(), "nothing");

    let mut server = start(dir.path(), &[&w]).await;
    server.post_lines(&tenant.token, &history[300..400]).await.ok();
    cosigned(&server, &tenant, 400, &w.keys).await;
    assert!(server.stop().await.0.success());

    // Yesterday's copy of everything, with an entry that would be signed at once, and then more than there ever were.
    annals(backup.path(), &["workspace", "create", "Other", "--account", &tenant.account]);
    let mut server = start(backup.path(), &[&w]).await;
    let mut mirror = Mirror::of(&server, &tenant);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    mirror.look().await;
    let old_size = mirror.size();
    let listed = server.get(&tenant.token, "/v2/audit_logs?limit=1").await.ok();
    assert_eq!(listed["audit_logs"][0]["index"], old_size, "one entry is not signed");
    let mut last = String::new();
    for lines in [&history[400..402], &history[402..]] {
        let recorded = server.post_lines(&tenant.token, lines).await.ok();
        recorded["audit_logs"][0]["token"].as_str().expect("a token").clone_into(&mut last);
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        mirror.look().await;
        assert_eq!(mirror.size(), old_size, "what was shown before the backup, and nothing else");
    }
    let asked = Instant::now();
    let refused = server.get(&tenant.token, &format!("/v2/audit_logs/{last}/proof")).await;
    assert!(refused.errors(503)[0].contains("is not signed at present"), "{refused:?}");
    assert!(refused.header("retry-after").is_some() && asked.elapsed() < Duration::from_secs(3));
    assert!(server.get("", "/metrics").await.text().contains("outcome=\"contradicted\""));
    let (_, said) = server.stop().await;
    assert_eq!(said.matches("a log contradicts what was signed of it").count(), 1, "{said}");
    assert!(said.contains("witness.example.com/w") && said.contains("was set back"), "{said}");

    // A witness that was away while other entries were signed says so later.
    let mut server = Server::start_in(backup.path(), &[]).await;
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.follow(old_size + 100).await;
    assert!(server.stop().await.0.success());
    let mut server = start(backup.path(), &[&w]).await;
    server.post_lines(&tenant.token, &crate::read::history(510)[500..]).await.ok();
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.look().await;
    let size = mirror.size();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    mirror.look().await;
    assert_eq!(mirror.size(), size);
    let (_, said) = server.stop().await;
    assert_eq!(said.matches("a log contradicts what was signed of it").count(), 1, "{said}");
}
