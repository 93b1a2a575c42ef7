//! `annals witness serve`: the server of a witness, from its directory to its orderly end.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::ValueEnum;
use tracing::{info, level_filters::LevelFilter};

use super::{Dir, explain};
use crate::{
    cli::{output, serve::explain_listen},
    clock::SystemClock,
    config::{Config, Log, LogFormat, Tls},
    limits,
    server::{Server, Signals, open_files},
    telemetry,
    witness::{Cosigner, router},
};

/// Run the server of a witness
///
/// It answers POST /add-checkpoint, and GET / with a page that says who cosigns what. It cosigns only what continues
/// the last checkpoint that it remembers, and remembers a checkpoint durably before it answers. Never run a witness on
/// an old copy of its directory: it would have forgotten what it cosigned.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  annals witness serve --dir /var/lib/annals-witness --listen 0.0.0.0:8788")]
pub(super) struct Args {
    #[command(flatten)]
    dir: Dir,

    /// Where the server listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8788")]
    listen: SocketAddr,

    /// Certificate chain as PEM; without one the server speaks plain HTTP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// Private key of the certificate as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// How much is logged to standard error: error, warn, info, debug, trace or off
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: LevelFilter,

    /// How a line of the log looks
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    log_format: LogFormatArg,
}

/// How a line of the log looks, as an argument.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormatArg {
    /// Text on a terminal, JSON everywhere else
    Auto,
    /// For people
    Text,
    /// For programs
    Json,
}

impl From<LogFormatArg> for LogFormat {
    fn from(argument: LogFormatArg) -> Self {
        match argument {
            LogFormatArg::Auto => Self::Auto,
            LogFormatArg::Text => Self::Text,
            LogFormatArg::Json => Self::Json,
        }
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let log = Log { level: args.log_level.to_string(), format: args.log_format.into() };
    let tls = args.tls_cert.clone().zip(args.tls_key.clone()).map(|(cert, key)| Tls { cert, key });
    let config = Config { listen: args.listen, tls, log, ..Config::default() };

    // What is declared first ends last: the log outlives the lock.
    let _telemetry = telemetry::start(&config)?;
    let directory = args.dir.open()?;
    let _lock = directory.lock().or_else(explain)?;
    open_files::raise();
    let cosigner = Arc::new(Cosigner::new(directory, Arc::new(SystemClock)).or_else(explain)?);
    if cosigner.logs().or_else(explain)?.is_empty() {
        output::note("No log is witnessed yet; `annals witness log add` adds one while the server runs.");
    }

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Dropping the runtime waits for what is being decided, which takes no longer than the disk.
    runtime.block_on(serve(cosigner, &config))?;
    info!("stopped");
    Ok(())
}

/// Serves until a signal ends it.
async fn serve(cosigner: Arc<Cosigner>, config: &Config) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    let server = Server::bind(config.listen, config.tls.clone()).await.or_else(explain_listen)?;
    let names: Vec<&str> = cosigner.keys().iter().take(1).map(annals_tlog::note::VerifierKey::name).collect();
    let (url, name) = (config.url(server.address()), names.concat());
    info!(url, listen = %server.address(), name, "the witness is ready");
    let grace = Duration::from_secs(limits::SHUTDOWN_SECONDS_MAX);
    // A task of its own accepts connections much faster than this one, which is not on a thread of the runtime.
    let serving = tokio::spawn(server.run(router(cosigner), signals.end(), grace));
    serving.await?.context("the server cannot go on")
}
