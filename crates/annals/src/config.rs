//! How a server is configured: by flags, the environment, a file and defaults, in this order of precedence.
//!
//! Every setting is a [`Key`], and all of them stand in one [table](KEYS): it knows a key's name in the file, its
//! environment variable, its flag, and what it takes. The file is `annals.toml` in the working directory if it is there,
//! or the one that `--config` or `ANNALS_CONFIG` names, which then has to be. Relative paths in a file start at its
//! directory. An unknown key in the file is an error, for a setting that is silently ignored is worse than none.

mod cidr;
mod environment;
mod file;
mod flags;
mod keys;
mod setting;
#[cfg(test)]
mod tests;
mod witnesses;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

pub use cidr::Cidr;
pub use environment::Environment;
pub use flags::Flags;
pub use keys::{KEYS, Key};

use crate::{limits, witness::client::Witness};
use keys::Draft;
use setting::Setting;

/// The file that is read when none is named, in the working directory.
pub const FILE_NAME: &str = "annals.toml";

/// The file of signing keys, in the data directory, when none is named.
const SIGNING_KEY: &str = "signing.key";

/// The settings of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The directory that everything is kept in.
    pub data_dir: PathBuf,
    /// The file of the keys that checkpoints are signed with; none for one in the data directory.
    pub signing_key: Option<PathBuf>,
    /// Who is asked to cosign checkpoints.
    pub witnesses: Vec<Witness>,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// A Unix socket that it listens on as well.
    pub socket: Option<PathBuf>,
    /// The URL that clients reach the server by, for links; never ends with a slash.
    pub public_url: Option<String>,
    /// Whose `Forwarded` and `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<Cidr>,
    /// The server's certificate; without one it speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Requests an hour.
    pub rate_limit: RateLimit,
    /// MiB of segments' parts that are held in memory.
    pub cache_mib: u64,
    /// Entries that are sealed into a segment together.
    pub segment_rows: u64,
    /// How retries are recognised.
    pub idempotency: Idempotency,
    /// What is logged, and how.
    pub log: Log,
    /// Where traces go.
    pub otlp: Otlp,
    /// Whether `/metrics` answers.
    pub metrics: bool,
    /// How long requests in progress may take after a signal to stop.
    pub shutdown_seconds: u64,
}

/// A certificate and its key, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain, the server's own certificate first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Requests an hour for each access token; 0 is no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests that read.
    pub reads: u64,
    /// Requests that write.
    pub writes: u64,
}

/// How retries are recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// Days for which keys of requests and events are kept.
    pub days: u32,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// A level, or directives such as `info,annals=debug`.
    pub level: String,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON everywhere else.
    Auto,
    /// For people.
    Text,
    /// A JSON object a line, for programs.
    Json,
}

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otlp {
    /// The URL of an OpenTelemetry collector that takes OTLP over HTTP; none for no traces.
    pub endpoint: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./annals-data"),
            signing_key: None,
            witnesses: Vec::new(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)),
            socket: None,
            public_url: None,
            trusted_proxies: Vec::new(),
            tls: None,
            rate_limit: RateLimit {
                reads: limits::READS_AN_HOUR_DEFAULT,
                writes: limits::WRITES_AN_HOUR_DEFAULT,
            },
            cache_mib: limits::CACHE_MIB_DEFAULT,
            segment_rows: limits::SEAL_ROWS,
            idempotency: Idempotency { days: limits::IDEMPOTENCY_DAYS_DEFAULT },
            log: Log { level: "info".to_owned(), format: LogFormat::Auto },
            otlp: Otlp { endpoint: None },
            metrics: true,
            shutdown_seconds: limits::SHUTDOWN_SECONDS_MAX,
        }
    }
}

impl Config {
    /// Whether what this peer says about the requests that it passes on is believed.
    pub fn trusts_proxy(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|range| range.contains(peer))
    }

    /// The file of the keys that checkpoints are signed with.
    pub fn signing_key(&self) -> PathBuf {
        self.signing_key.clone().unwrap_or_else(|| self.data_dir.join(SIGNING_KEY))
    }

    /// The URL that the server can be reached by: the public one, or where it listens on this machine.
    pub fn url(&self, listening: SocketAddr) -> String {
        let on_this_machine = match listening.ip() {
            ip if !ip.is_unspecified() => listening,
            IpAddr::V4(_) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), listening.port()),
            IpAddr::V6(_) => SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), listening.port()),
        };
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.public_url.clone().unwrap_or_else(|| format!("{scheme}://{on_this_machine}"))
    }
}

/// A configuration, and where it came from.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// What is odd but may be meant: one sentence each.
    pub warnings: Vec<String>,
}

/// Why there is no configuration: one sentence for each fault.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

/// Puts a configuration together. What is set nowhere is as in `defaults`.
pub fn load(flags: &Flags, environment: &Environment, defaults: Config) -> Result<Loaded, ConfigError> {
    let named = flags.config.clone().or_else(|| environment.config());
    let file = named.or_else(|| Some(PathBuf::from(FILE_NAME)).filter(|path| path.exists()));
    let mut faults = Vec::new();
    let mut draft = Draft { config: defaults, tls_cert: None, tls_key: None, witnesses: None };
    let sources =
        [file.as_deref().map_or_else(Vec::new, file::settings), environment.settings(), flags.settings()];
    for setting in sources.into_iter().flatten() {
        if let Err(fault) = setting.and_then(|setting: Setting| draft.set(&setting)) {
            faults.push(fault);
        }
    }
    let config = draft.finish(&mut faults);
    if faults.is_empty() {
        Ok(Loaded { config, file, warnings: environment.warnings() })
    } else {
        Err(ConfigError(faults))
    }
}

/// The data directory that a server started here would use. `flag` is what the command line says.
pub fn data_dir(flag: Option<&Path>) -> Result<PathBuf, ConfigError> {
    if let Some(path) = flag {
        return Ok(path.to_owned());
    }
    let loaded = load(&Flags::default(), &Environment::of_process(), Config::default())?;
    Ok(loaded.config.data_dir)
}

/// The file of the signing keys that a server started here with this data directory would use.
pub fn signing_key(data_dir: &Path) -> Result<PathBuf, ConfigError> {
    let loaded = load(&Flags::default(), &Environment::of_process(), Config::default())?;
    Ok(Config { data_dir: data_dir.to_owned(), ..loaded.config }.signing_key())
}
