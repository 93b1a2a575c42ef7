//! Disks that are full, that fail, and that are slow to sync: what that costs, and that it costs no entry.
//!
//! These tests take root, to mount a small file system, and strace, to make system calls fail and to count them.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    crash::{
        assert_calm,
        ledger::Ledger,
        random::Random,
        tree,
        writer::{Fate, Request, Sender},
    },
    support::{ANNALS, Server, Tenant},
};

/// Bytes of the small disk. The log of the catalog is not copied before it has 32 MiB, so all of them can be used.
const DISK_BYTES: u64 = 24 << 20;

/// Bytes that are set free again.
const BALLAST_BYTES: usize = 10 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_until_there_is_space_again() {
    let disk = SmallDisk::mount();
    let data_dir = disk.path().join("data");
    let tenants = [Tenant::create(&data_dir, "One"), Tenant::create(&data_dir, "Two")];
    let mut server = Server::start_in(&data_dir, &[]).await;
    let mut ledger = Ledger::open(&server, &tenants).await;
    let ballast = disk.path().join("ballast");
    let written = File::create(&ballast).and_then(|mut file| file.write_all(&vec![0; BALLAST_BYTES]));
    written.expect("there is space for the ballast");

    let sender = Sender::new(&server, &tenants);
    let mut random = Random::new(1);
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            tokio::spawn(write_until_refused(sender.clone(), random.fork(), format!("full.{writer}")))
        })
        .collect();
    for writer in writers {
        ledger.note(writer.await.expect("a writer meets nothing but refusals"));
    }
    assert!(ledger.acknowledged() > 100 && ledger.failed() > 0);
    ledger.check(&server).await;
    assert_eq!(server.get(&tenants[0].token, "/v2/audit_logs?action=update&limit=3").await.status, 200);

    // Also when it starts on a full disk.
    server.kill();
    assert_calm(&mut server);
    let server = Server::start_in(&data_dir, &[]).await;
    let sender = Sender::new(&server, &tenants);
    ledger.check(&server).await;

    fs::remove_file(&ballast).expect("the ballast is there");
    ledger.note(write_until_accepted(&sender, random.fork(), "space").await);
    ledger.note(sender.clone().write(random.fork(), "again".to_owned(), 30).await);
    ledger.retry(&server).await;
    ledger.check(&server).await;

    check_restarts(server, &mut ledger, &tenants).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_fsync_refuses_writes_until_it_works_again() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let tenants = [Tenant::create(dir.path(), "One"), Tenant::create(dir.path(), "Two")];
    // Counted for each thread by itself, and only the one that writes gets this far.
    let server = start_failing(dir.path(), "when=25..40").await;
    let mut ledger = Ledger::open(&server, &tenants).await;

    let sender = Sender::new(&server, &tenants);
    let mut random = Random::new(2);
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            tokio::spawn(write_through(sender.clone(), random.fork(), format!("fail.{writer}"), 60))
        })
        .collect();
    // Reads go on meanwhile.
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        server.get(&tenants[0].token, "/v2/audit_logs?limit=10").await.ok();
    }
    for writer in writers {
        ledger.note(writer.await.expect("a writer meets nothing but refusals"));
    }
    assert!(ledger.failed() > 0, "fsync failed, so some commit did");
    ledger.note(write_until_accepted(&sender, random.fork(), "after").await);
    ledger.check(&server).await;
    ledger.retry(&server).await;
    ledger.check(&server).await;

    check_restarts(server, &mut ledger, &tenants).await;
}

/// Nothing overwrites what a failed commit left in the log of the catalog, so a recovery may find it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_a_failing_fsync_settles_what_was_unknown() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let tenants = [Tenant::create(dir.path(), "One"), Tenant::create(dir.path(), "Two")];
    let mut server = start_failing(dir.path(), "when=12+").await;
    let mut ledger = Ledger::open(&server, &tenants).await;
    let sender = Sender::new(&server, &tenants);
    ledger.note(write_through(sender, Random::new(3), "fail".to_owned(), 30).await);
    assert!(ledger.acknowledged() > 0 && ledger.failed() > 0);
    server.get(&tenants[0].token, "/v2/audit_logs?limit=10").await.ok();
    server.kill();

    let server = Server::start_in(dir.path(), &[]).await;
    ledger.check(&server).await;
    ledger.retry(&server).await;
    ledger.check(&server).await;
    check_restarts(server, &mut ledger, &tenants).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_commit_costs_one_fsync_and_requests_share_it() {
    const ALONE: usize = 100;
    const WRITERS: usize = 64;
    const EACH: usize = 4;

    let dir = tempfile::tempdir().expect("temporary directory");
    let tenant = Tenant::create(dir.path(), "One");
    let idle = count_syncs(dir.path(), async |_| {}).await;
    let started = Instant::now();
    let alone = count_syncs(dir.path(), async |server| {
        for number in 0..ALONE {
            server.post(&tenant.token, &event(number)).await.ok();
        }
    })
    .await;
    // After a checkpoint the log starts again from its beginning, which is synced once more.
    let log = alone.log - idle.log;
    let checkpoints = alone.database - idle.database;
    // Checkpoints of the tree are signed each second and kept in a file, too, and the last uses of tokens are written down.
    let jobs = 4 * (usize::try_from(started.elapsed().as_secs()).expect("a short test") + 2);
    assert!(
        log <= ALONE + 1 + 2 * checkpoints + jobs,
        "{log} syncs of the log for {ALONE} commits: {alone:?}, idle {idle:?}"
    );
    assert!(log >= ALONE, "{ALONE} commits were acknowledged after {log} syncs");
    // The directory, when the log is created.
    assert!(
        alone.elsewhere <= idle.elsewhere + 1 + jobs,
        "something else is synced: {alone:?}, idle {idle:?}"
    );

    // A sync is slow here, so that what comes meanwhile has to share the next one, however slowly it comes.
    let shared = count_delayed_syncs(dir.path(), Duration::from_millis(100), async |server| {
        let sender = Sender::new(server, std::slice::from_ref(&tenant));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let sender = sender.clone();
                tokio::spawn(async move {
                    for number in 0..EACH {
                        let request = Request::single(event(writer * EACH + number));
                        assert!(matches!(request.send(&sender).await, Fate::Acknowledged(_)));
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.expect("all is acknowledged");
        }
    })
    .await;
    let log = shared.log - idle.log;
    assert!(log <= WRITERS * EACH / 4, "{log} syncs of the log for {} requests", WRITERS * EACH);
}

fn event(number: usize) -> Value {
    json!({"action": "create", "object_type": "segment", "after": {"number": number}, "metadata": {"sent": number}})
}

/// Restarts the server twice, orderly and not, and checks that it says the same each time.
async fn check_restarts(mut server: Server, ledger: &mut Ledger, tenants: &[Tenant]) {
    let data_dir = server.data_dir.clone();
    let said = lists(&server, tenants).await;
    server.kill();
    assert_calm(&mut server);
    let mut server = Server::start_in(&data_dir, &[]).await;
    assert_eq!(lists(&server, tenants).await, said, "the memory of the server was not what its disk holds");
    let (status, _) = server.stop().await;
    assert!(status.success());
    assert_calm(&mut server);
    tree::check(&data_dir).await;

    let server = Server::start_in(&data_dir, &[]).await;
    assert_eq!(lists(&server, tenants).await, said);
    ledger.check(&server).await;
}

async fn lists(server: &Server, tenants: &[Tenant]) -> Vec<Vec<Value>> {
    let mut lists = Vec::new();
    for tenant in tenants {
        lists.push(server.walk(&tenant.token, "").await);
    }
    lists
}

/// Writes until ten requests in all have failed.
async fn write_until_refused(sender: Sender, mut random: Random, name: String) -> Vec<(Request, Fate)> {
    let mut sent = Vec::new();
    let mut failures = 0;
    for number in 0.. {
        let request = Request::random(&mut random, &format!("{name}.{number}"));
        let fate = request.send(&sender).await;
        failures += usize::from(!matches!(fate, Fate::Acknowledged(_)));
        sent.push((request, fate));
        if failures == 10 {
            break;
        }
    }
    sent
}

/// Writes so many requests, whatever comes of them.
async fn write_through(
    sender: Sender,
    mut random: Random,
    name: String,
    requests: u64,
) -> Vec<(Request, Fate)> {
    let mut sent = Vec::new();
    for number in 0..requests {
        let request = Request::random(&mut random, &format!("{name}.{number}"));
        let fate = request.send(&sender).await;
        sent.push((request, fate));
    }
    sent
}

/// Writes until the server takes it, which must not be long.
async fn write_until_accepted(sender: &Sender, mut random: Random, name: &str) -> Vec<(Request, Fate)> {
    let started = Instant::now();
    let mut sent = Vec::new();
    for number in 0.. {
        let request = Request::random(&mut random, &format!("{name}.{number}"));
        let fate = request.send(sender).await;
        let accepted = matches!(fate, Fate::Acknowledged(_));
        sent.push((request, fate));
        if accepted {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "the server does not write although it could");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    sent
}

/// Starts a server whose syncs fail when `when` says so.
async fn start_failing(data_dir: &Path, when: &str) -> Server {
    let mut strace = strace(&data_dir.join("strace.log"));
    strace.arg(format!("--inject=fsync,fdatasync:error=EIO:{when}")).arg(ANNALS);
    Server::start_with(strace, data_dir, &[]).await
}

/// Syncs of a server's files.
#[derive(Debug)]
struct Syncs {
    /// Of the write-ahead log: commits.
    log: usize,
    /// Of the database: checkpoints.
    database: usize,
    elsewhere: usize,
}

/// Counts the syncs of a server that lives for `load`.
async fn count_syncs(data_dir: &Path, load: impl AsyncFnOnce(&Server)) -> Syncs {
    count_delayed_syncs(data_dir, Duration::ZERO, load).await
}

/// Counts the syncs of a server that lives for `load`, each of which takes so much longer.
async fn count_delayed_syncs(data_dir: &Path, delay: Duration, load: impl AsyncFnOnce(&Server)) -> Syncs {
    let log = data_dir.join("strace.log");
    let mut strace = strace(&log);
    if !delay.is_zero() {
        strace.arg(format!("--inject=fsync,fdatasync:delay_enter={}", delay.as_micros()));
    }
    strace.arg(ANNALS);
    let mut server = Server::start_with(strace, data_dir, &[]).await;
    load(&server).await;
    let (status, _) = server.stop().await;
    assert!(status.success());
    let traced = fs::read_to_string(&log).expect("strace has written its log");
    let files = traced.lines().filter_map(|line| line.split_once("sync(")?.1.split(['<', '>']).nth(1));
    let mut syncs = Syncs { log: 0, database: 0, elsewhere: 0 };
    for file in files {
        if file.ends_with("-wal") {
            syncs.log += 1;
        } else if file.ends_with(".sqlite") {
            syncs.database += 1;
        } else {
            syncs.elsewhere += 1;
        }
    }
    syncs
}

/// The start of a command that is traced. The tracer stands aside, so that the process is the command's own.
fn strace(log: &Path) -> Command {
    let version = Command::new("strace").arg("-V").output();
    assert!(version.is_ok(), "this test needs strace: `cargo xtask ci tools` installs it");
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-y", "-qq", "--trace=fsync,fdatasync", "-o"]).arg(log);
    command
}

/// A small file system in memory, unmounted at the end.
struct SmallDisk {
    mounted: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Self {
        let mounted = tempfile::tempdir().expect("temporary directory");
        let options = format!("size={DISK_BYTES}");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "annals"])
            .arg(mounted.path())
            .output();
        let mount = mount.expect("mount runs");
        assert!(
            mount.status.success(),
            "this test mounts a small tmpfs: run it as root, or in a container that may (--cap-add SYS_ADMIN): {}",
            String::from_utf8_lossy(&mount.stderr)
        );
        Self { mounted }
    }

    fn path(&self) -> PathBuf {
        self.mounted.path().to_owned()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that is still being killed may have files open.
        let _ = Command::new("umount").arg("--lazy").arg(self.mounted.path()).status();
    }
}
