//! annals as its users run it: the release binary, an account and a token of its own, durable commits.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use rustix::process::Signal;
use serde::Deserialize;

use super::disk::{self, Disk};
use super::http::{Content, Http};
use super::process::{self, Memory, Server};

/// Events in one request of the preload: within the limits of a request for any event the sample makes.
const PRELOAD_BATCH_ROWS: usize = 5_000;

/// A running server; dropping it kills it.
pub(crate) struct Annals {
    server: Server,
    data_dir: PathBuf,
    address: SocketAddr,
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

        // Free at this moment; nobody else on the machine is expected to take it before the server does.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = process::guarded(binary, "KILL", None);
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(&data_dir)
            .args(["--listen", &address.to_string()])
            .env("ANNALS_RATE_LIMIT_READS", "0")
            .env("ANNALS_RATE_LIMIT_WRITES", "0");
        let server = Server::spawn(command, Signal::KILL, dir.join("log"))?;
        let mut annals = Self { server, data_dir, address, token };
        annals.wait_until_ready().await?;
        Ok(annals)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        for _ in 0..600 {
            self.server.check_alive()?;
            if let Ok(mut http) = self.connect().await {
                http.get("/v2/me").await?;
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("annals did not accept connections within a minute")
    }

    /// Opens an authorised connection.
    pub(crate) async fn connect(&self) -> Result<Http> {
        Http::connect(self.address, &self.token).await
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
                http.post(Content::Ndjson, body.split().freeze()).await?;
                rows = 0;
            }
        }
        let rest: Bytes = body.freeze();
        if rest.is_empty() { Ok(()) } else { http.post(Content::Ndjson, rest).await }
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

    /// What the data directory takes on disk; SQLite's own log counts as a log.
    pub(crate) fn disk(&self) -> Result<Disk> {
        disk::usage(&self.data_dir, |path| path.to_str().is_some_and(|path| path.ends_with("-wal")))
    }
}

/// Path and query of one page of the list; `query` ends in `&` when it is not empty.
pub(crate) fn page_target(query: &str, page: usize, limit: usize) -> String {
    format!("/v2/audit_logs?{query}limit={limit}&page={page}")
}

/// Path of one entry.
pub(crate) fn one_target(token: &str) -> String {
    format!("/v2/audit_logs/{token}")
}
