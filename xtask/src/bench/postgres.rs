//! A PostgreSQL server of the benchmark's own: found or installed, initialised in a temporary directory, tuned, stopped.

use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use tokio_postgres::{Client, NoTls};

use super::load::Transport;
use super::process::{self, Server};

/// The oldest major version worth comparing with.
const VERSION_MIN: u32 = 15;

/// The role the benchmark connects as, trusted on the socket.
const ROLE: &str = "bench";

/// A running server, reachable only on this machine; dropping it stops it.
pub(crate) struct Postgres {
    server: Server,
    socket_dir: PathBuf,
    address: SocketAddr,
    /// For example `PostgreSQL 15.14 (Debian 15.14-0+deb12u1)`.
    pub(crate) version: String,
    /// Every setting that differs from the defaults.
    pub(crate) settings: Vec<(&'static str, String)>,
}

impl Postgres {
    /// Initialises a cluster under `dir`, which exists and is empty, and starts it. `bin` is the directory of the
    /// server's programs when they are not Debian's; `memory_bytes` is the machine's.
    pub(crate) async fn start(dir: &Path, bin: Option<&Path>, memory_bytes: u64) -> Result<Self> {
        let bin = bin.map_or_else(find_or_install, |bin| Ok(bin.to_owned()))?;
        let version = process::output(Command::new(bin.join("postgres")).arg("--version"))?;
        let version = version.replace("postgres (PostgreSQL)", "PostgreSQL");
        ensure!(major(&version) >= Some(VERSION_MIN), "{version} is older than {VERSION_MIN}");

        // PostgreSQL refuses to run as root.
        let user = rustix::process::geteuid().is_root().then_some("postgres");
        if let Some(user) = user {
            let id = |flag| -> Result<u32> {
                Ok(process::output(Command::new("id").args([flag, user]))?.parse()?)
            };
            chown(dir, Some(id("-u")?), Some(id("-g")?))?;
        }
        let data_dir = dir.join("data");
        process::output(
            process::guarded(&bin.join("initdb"), "KILL", user)
                .current_dir(dir)
                .arg("--pgdata")
                .arg(&data_dir)
                .args(["--username", ROLE, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"]),
        )?;

        let (settings, address) = (settings(memory_bytes), process::free_address()?);
        let mut command = process::guarded(&bin.join("postgres"), "QUIT", user);
        command.current_dir(dir).arg("-D").arg(&data_dir).arg("-k").arg(dir);
        command.args(["-h", &address.ip().to_string(), "-p", &address.port().to_string()]);
        for (name, value) in &settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        // QUIT is the immediate shutdown: nothing in this cluster is worth a checkpoint.
        let server = Server::spawn(command, Signal::QUIT, dir.with_extension("log"))?;
        let mut postgres = Self { server, socket_dir: dir.to_owned(), address, version, settings };
        postgres.wait_until_ready().await?;
        Ok(postgres)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        for _ in 0..600 {
            self.server.check_alive()?;
            if self.connect().await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("PostgreSQL did not accept connections within a minute")
    }

    /// Opens a connection over the Unix socket.
    pub(crate) async fn connect(&self) -> Result<Client> {
        self.connect_over(Transport::Unix).await
    }

    /// Opens a connection.
    pub(crate) async fn connect_over(&self, transport: Transport) -> Result<Client> {
        let mut config = tokio_postgres::Config::new();
        match transport {
            Transport::Tcp => config.host(self.address.ip().to_string()),
            Transport::Unix => config.host_path(&self.socket_dir),
        };
        config.port(self.address.port()).user(ROLE).dbname("postgres").application_name("annals-bench");
        let (client, connection) = config.connect(NoTls).await?;
        // It ends with its client; an error on the way reaches the client's own calls.
        tokio::spawn(connection);
        Ok(client)
    }

    /// Resident memory of the server and all its backends, shared buffers counted once.
    pub(crate) fn memory_bytes(&self) -> Result<u64> {
        process::tree_memory(self.server.pid())
    }

    /// What the server and all its backends have taken of the processors so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        process::tree_cpu(self.server.pid())
    }
}

/// What a careful engineer sets on a machine that PostgreSQL has to itself. Durability stays on.
fn settings(memory_bytes: u64) -> Vec<(&'static str, String)> {
    let megabytes = memory_bytes / (1024 * 1024);
    let of_memory = |part: u64, most: u64| format!("{}MB", (megabytes / part).min(most));
    vec![
        ("fsync", "on".to_owned()),
        ("synchronous_commit", "on".to_owned()),
        ("full_page_writes", "on".to_owned()),
        ("shared_buffers", of_memory(4, 2048)),
        ("effective_cache_size", of_memory(2, u64::MAX)),
        ("work_mem", of_memory(128, 64)),
        ("maintenance_work_mem", of_memory(16, 1024)),
        ("wal_buffers", "64MB".to_owned()),
        ("wal_compression", "lz4".to_owned()),
        ("min_wal_size", "2GB".to_owned()),
        ("max_wal_size", "8GB".to_owned()),
        ("checkpoint_timeout", "15min".to_owned()),
        ("random_page_cost", "1.1".to_owned()),
        ("effective_io_concurrency", "200".to_owned()),
        ("max_connections", "200".to_owned()),
    ]
}

/// The programs of the newest version that Debian's packages have put on this machine, installed when there is none.
fn find_or_install() -> Result<PathBuf> {
    if let Some(bin) = find() {
        return Ok(bin);
    }
    if !rustix::process::geteuid().is_root() {
        bail!(
            "PostgreSQL is not installed: `sudo apt-get install postgresql`, or name its programs with --postgres-bin"
        );
    }
    process::output(Command::new("apt-get").args(["install", "--yes", "postgresql"]))?;
    find().context("apt-get installed PostgreSQL, but /usr/lib/postgresql has no server")
}

fn find() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let newest = versions
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|version| Path::new(&format!("/usr/lib/postgresql/{version}/bin/initdb")).exists())
        .max()?;
    Some(PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin")))
}

/// The major version in a line such as `PostgreSQL 15.14 (Debian …)`.
fn major(version: &str) -> Option<u32> {
    let number = version.split_whitespace().nth(1)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_releases_and_betas() {
        assert_eq!(major("PostgreSQL 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major("PostgreSQL 19beta1"), Some(19));
        assert_eq!(major("PostgreSQL"), None);
    }
}
