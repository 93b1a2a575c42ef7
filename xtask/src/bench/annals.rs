//! annals as its users run it: the release binary, an account and a token of its own, durable commits.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::disk::{self, Disk};
use super::http::{Content, Http};
use super::process::{self, Memory, Server};

/// Events in one request of the preload: within the limits of a request for any event the sample makes.
const PRELOAD_BATCH_ROWS: usize = 5_000;

/// Looks, a second apart, at which nothing may have changed for background work to count as over: compacting a million
/// entries takes a few seconds.
const QUIET_LOOKS: usize = 5;

/// A running server; dropping it kills it.
pub(crate) struct Annals {
    binary: PathBuf,
    server: Server,
    data_dir: PathBuf,
    address: SocketAddr,
    /// The token of the account.
    account: String,
    token: String,
}

/// One page of the list.
#[derive(Deserialize)]
pub(crate) struct Page {
    links: Links,
    pub(crate) audit_logs: Vec<Listed>,
}

/// An AuditLog, as far as it is compared.
#[derive(Deserialize)]
pub(crate) struct Listed {
    pub(crate) token: String,
}

#[derive(Deserialize)]
struct Links {
    last: Option<String>,
}

/// The release binary, built now unless `binary` names one. The benchmark runs optimised, so that its own program lies
/// where cargo puts those of the same profile.
pub(crate) fn build(binary: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(binary) = binary {
        return binary.canonicalize().with_context(|| format!("there is no {}", binary.display()));
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(["build", "--release", "--package", "annals"]).status()?;
    ensure!(status.success(), "annals does not build ({status})");
    Ok(std::env::current_exe()?.with_file_name("annals"))
}

fn serve(binary: &Path, data_dir: &Path, address: SocketAddr, log: PathBuf) -> Result<Server> {
    let mut command = process::guarded(binary, "KILL", None);
    command
        .arg("serve")
        .arg("--data-dir")
        .arg(data_dir)
        .args(["--listen", &address.to_string()])
        .env("ANNALS_SOCKET", socket(data_dir))
        .env("ANNALS_RATE_LIMIT_READS", "0")
        .env("ANNALS_RATE_LIMIT_WRITES", "0");
    Server::spawn(command, Signal::KILL, log)
}

/// The Unix socket of a server.
fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("annals.sock")
}

impl Annals {
    /// Creates an account and its token in `dir`, which does not exist yet, and serves it.
    pub(crate) async fn start(binary: &Path, dir: &Path) -> Result<Self> {
        let data_dir = dir.join("data");
        std::fs::create_dir_all(&data_dir)?;
        let cli = |arguments: &[&str]| {
            process::output(Command::new(binary).args(arguments).arg("--data-dir").arg(&data_dir))
        };
        let account = cli(&["account", "create", "Benchmark"])?;
        let scope = "read,write,import";
        let token = cli(&[
            "token",
            "create",
            "benchmark",
            "--account",
            &account,
            "--scope",
            scope,
            "--role",
            "owner",
        ])?;

        let address = process::free_address()?;
        let server = serve(binary, &data_dir, address, dir.join("log"))?;
        let mut annals = Self { binary: binary.to_owned(), server, data_dir, address, account, token };
        annals.wait_until_ready().await?;
        Ok(annals)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        for _ in 0..6_000 {
            self.server.check_alive()?;
            if let Ok(mut http) = self.connect().await {
                http.get("/v2/me").await?;
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("annals did not accept connections within a minute")
    }

    /// Opens an authorised connection.
    pub(crate) async fn connect(&self) -> Result<Http> {
        Http::connect(self.address, &self.token).await
    }

    /// Opens an authorised connection over the Unix socket.
    pub(crate) async fn connect_socket(&self) -> Result<Http> {
        Http::connect_socket(&socket(&self.data_dir), &self.token).await
    }

    /// Writes lines of AuditLogs, in their order, with their own tokens and times.
    pub(crate) async fn load(&self, lines: impl Iterator<Item = Result<String>>) -> Result<()> {
        let mut http = self.connect().await?;
        let mut body = BytesMut::new();
        let mut rows = 0;
        for line in lines {
            body.extend_from_slice(line?.as_bytes());
            body.extend_from_slice(b"\n");
            rows += 1;
            if rows == PRELOAD_BATCH_ROWS {
                http.post(Content::Ndjson, &body.split()).await?;
                rows = 0;
            }
        }
        let rest: Bytes = body.freeze();
        if rest.is_empty() { Ok(()) } else { http.post(Content::Ndjson, &rest).await }
    }

    /// One page of the list; `query` ends in `&` when it is not empty.
    pub(crate) async fn page(&self, query: &str, page: usize, limit: usize) -> Result<Page> {
        let body = self.connect().await?.get(&page_target(query, page, limit)).await?;
        serde_json::from_slice(&body).context("the list is not what the contract says")
    }

    /// One entry.
    pub(crate) async fn one(&self, token: &str) -> Result<Listed> {
        let body = self.connect().await?.get(&one_target(token)).await?;
        serde_json::from_slice(&body).context("the AuditLog is not what the contract says")
    }

    /// How many entries match `query`: the number of the last page, at one entry a page.
    pub(crate) async fn total(&self, query: &str) -> Result<u64> {
        let Some(last) = self.page(query, 1, 1).await?.links.last else { return Ok(0) };
        let number = last.rsplit_once("page=").and_then(|(_, number)| number.parse().ok());
        number.with_context(|| format!("`last` does not end in a page: {last}"))
    }

    /// Path of what the log publishes under a name: a tile, or a bundle of entries.
    pub(crate) fn published_target(&self, name: &dyn Display) -> String {
        format!("/tlog/{}/{name}", self.account)
    }

    /// A command of the program that reads the data directory, also while the server runs.
    pub(crate) fn beside(&self, command: &str) -> Command {
        let mut beside = Command::new(&self.binary);
        beside.arg(command).arg("--data-dir").arg(&self.data_dir);
        beside
    }

    /// What the server has written since it was started.
    pub(crate) fn words(&self) -> String {
        self.server.words()
    }

    /// Resident memory of the server.
    pub(crate) fn memory(&self) -> Result<Memory> {
        process::memory(self.server.pid())
    }

    /// What the server has taken of the processors so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        process::tree_cpu(self.server.pid())
    }

    /// Starts the measure of the memory's peak anew.
    pub(crate) fn reset_memory_peak(&self) -> Result<()> {
        process::reset_peak(self.server.pid())
    }

    /// Waits until a log that does not grow any more is sealed but for a head of the usual size, and says what is sealed.
    pub(crate) async fn sealed(&self) -> Result<Sealed> {
        let (mut before, mut same) = (None, 0);
        loop {
            let text = process::output(self.beside("inspect").arg("--json"))?;
            let survey: Survey = serde_json::from_str(&text).context("inspect is not what it should be")?;
            let account = survey.accounts.into_iter().next().context("there is no account")?;
            let rows = account.segments.iter().map(|segment| segment.rows).sum();
            let now = (rows, account.segments.len());
            // Compaction follows sealing: it is over when nothing has changed for a while.
            same = if before == Some(now) { same + 1 } else { 0 };
            if account.entries - rows < 2 * 65_536 && same >= QUIET_LOOKS {
                let mut parts: BTreeMap<String, u64> = BTreeMap::new();
                for part in account.segments.iter().flat_map(|segment| &segment.parts) {
                    *parts.entry(part.part.clone()).or_default() += part.bytes;
                }
                let mut parts: Vec<(String, u64)> = parts.into_iter().collect();
                parts.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
                let bytes = account.segments.iter().map(|segment| segment.bytes).sum();
                return Ok(Sealed { rows, segments: account.segments.len(), bytes, parts });
            }
            before = Some(now);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// How many entries the server has sealed since it was started.
    pub(crate) async fn sealed_total(&self) -> Result<u64> {
        let metrics = self.connect().await?.get("/metrics").await?;
        let metrics = std::str::from_utf8(&metrics)?;
        let total = metrics.lines().find_map(|line| line.strip_prefix("annals_entries_sealed_total "));
        Ok(total.context("a metric is missing")?.parse()?)
    }

    /// Stops the server and starts it anew; gives how long it took to be ready.
    pub(crate) async fn restart(&mut self) -> Result<Duration> {
        let log = self.data_dir.with_file_name("log");
        self.server.stop();
        let start = Instant::now();
        self.server = serve(&self.binary, &self.data_dir, self.address, log)?;
        self.wait_until_ready().await?;
        Ok(start.elapsed())
    }

    /// What the data directory takes on disk; SQLite's own log counts as a log.
    pub(crate) fn disk(&self) -> Result<Disk> {
        disk::usage(&self.data_dir, |path| path.to_str().is_some_and(|path| path.ends_with("-wal")))
    }
}

/// What `annals inspect --json` says, as far as it is of interest.
#[derive(Deserialize)]
struct Survey {
    accounts: Vec<SurveyedAccount>,
}

#[derive(Deserialize)]
struct SurveyedAccount {
    entries: u64,
    segments: Vec<Segment>,
}

#[derive(Deserialize)]
struct Segment {
    rows: u64,
    bytes: u64,
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    part: String,
    bytes: u64,
}

/// What is in segments.
#[derive(Serialize)]
pub(crate) struct Sealed {
    pub(crate) rows: u64,
    pub(crate) segments: usize,
    pub(crate) bytes: u64,
    /// Bytes by what they are for, the most first.
    pub(crate) parts: Vec<(String, u64)>,
}

impl Sealed {
    /// Bytes that only searches need.
    pub(crate) fn search_bytes(&self) -> u64 {
        let of_search = |part: &str| part.ends_with("of word") || part.ends_with("of changed");
        self.parts.iter().filter(|(part, _)| of_search(part)).map(|(_, bytes)| bytes).sum()
    }
}

/// Path and query of one page of the list; `query` ends in `&` when it is not empty.
pub(crate) fn page_target(query: &str, page: usize, limit: usize) -> String {
    format!("/v2/audit_logs?{query}limit={limit}&page={page}")
}

/// Path of the proof of one entry.
pub(crate) fn proof_target(token: &str) -> String {
    format!("/v2/audit_logs/{token}/proof")
}

/// Path of one entry.
pub(crate) fn one_target(token: &str) -> String {
    format!("/v2/audit_logs/{token}")
}
