//! `annals serve`: the server, from its configuration to its orderly end.
//!
//! Standard output gets what a person has to read once and nothing else; the log goes to standard error.

mod demo;
mod first_run;
mod welcome;

use std::{io, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use annals_store::{Blobs, Catalog};
use anyhow::Context;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use super::output::{self, HintExt};
use crate::{
    clock::{Clock, SystemClock},
    config::{self, Config, Environment, Flags},
    data_dir::{self, DataDirError},
    engine::{Engine, EngineOptions},
    http::{self, App},
    jobs,
    metrics::Metrics,
    segments::{KeeperOptions, Segments},
    server::{ListenError, Server, Signals, open_files},
    telemetry,
    tlog::{SignError, Witnessing},
    witness::client::WitnessError,
};
use welcome::Welcome;

/// Run the server
///
/// The first start makes an account, a workspace and an access token, and prints the token this once. Everything is in
/// the data directory, which one server uses at a time; the commands that administer accounts work on it while the
/// server runs. SIGTERM and ctrl-c end the server when requests in progress are finished.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals serve --demo                                        look around in a made-up history
  annals serve --data-dir /var/lib/annals --listen 0.0.0.0:8787
  annals serve --config /etc/annals/annals.toml --log-format json")]
pub(super) struct Args {
    /// Keep data in ./annals-demo unless another directory is named, and fill it with a made-up history if it is new
    #[arg(long)]
    demo: bool,

    #[command(flatten)]
    configuration: Flags,
}

/// Where the demo keeps its data if nobody says otherwise: beside the real data, and as easy to remove.
const DEMO_DATA_DIR: &str = "./annals-demo";

/// How long what is left may take after the last connection is gone.
const LAST_SECONDS_MAX: Duration = Duration::from_secs(5);

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut defaults = Config::default();
    if args.demo {
        defaults.data_dir = PathBuf::from(DEMO_DATA_DIR);
    }
    let loaded =
        config::load(&args.configuration, &Environment::of_process(), defaults).map_err(|error| {
            output::usage(
                error.to_string(),
                "`annals serve --help` shows every key of the configuration and what it takes.",
            )
        })?;
    // Whoever reads a path in a log or an error may be in another directory.
    let data_dir = std::path::absolute(&loaded.config.data_dir)?;
    let config = Arc::new(Config { data_dir, ..loaded.config });

    // What is declared first ends last: the log outlives the lock, and the lock the catalog.
    let _telemetry = telemetry::start(&config)?;
    if cfg!(annals_without_hashing) {
        error!(
            "BUILT WITHOUT HASHING, to be compared with: what this server records proves nothing, whatever it signs"
        );
    }
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
    if let Some(file) = &loaded.file {
        info!(file = %file.display(), "configuration read");
    }
    let _lock = data_dir::create(&config.data_dir)
        .and_then(|()| data_dir::lock(&config.data_dir))
        .or_else(explain)?;
    let open_files = open_files::raise();
    if !open_files::is_enough(open_files) {
        warn!(
            open_files,
            "so few open files are allowed that some connections will have to wait; see `annals doctor`"
        );
    }
    let catalog = data_dir::open_catalog(&config.data_dir).or_else(explain)?;
    let catalog: Arc<dyn Catalog> = Arc::new(catalog);
    let blobs = data_dir::open_blobs(&config.data_dir).or_else(explain)?;

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(serve(Arc::clone(&catalog), blobs, &config, args.demo));
    // Cuts off what is still running, so that the catalog is free to close.
    runtime.shutdown_timeout(LAST_SECONDS_MAX);
    drop(catalog);
    served?;
    info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Serves until a signal ends it.
async fn serve(
    catalog: Arc<dyn Catalog>,
    blobs: Blobs,
    config: &Arc<Config>,
    demo: bool,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let started = tokio::select! {
        started = start(catalog, blobs, config, demo) => started?,
        signal = signals.next() => {
            info!(signal, "stopped before the server was ready");
            return Ok(());
        }
    };
    let Started { server, app, sequencer, witnessing } = started;

    let grace = Duration::from_secs(config.shutdown_seconds);
    // A task of its own accepts connections much faster than this one, which is not on a thread of the runtime.
    let serving = tokio::spawn(server.run(http::service(Arc::clone(&app)), signals.end(), grace));
    tokio::select! {
        served = serving => served?.context("the server cannot go on")?,
        never = jobs::run(&app.engine, &app.signer, &witnessing, config.idempotency.days) => match never {},
    }
    jobs::flush_uses(&app.engine).await;
    // What was handed to the sequencer is recorded even if its connection is gone.
    drop(app);
    if tokio::time::timeout(LAST_SECONDS_MAX, sequencer).await.is_err() {
        warn!("requests that took too long were cut off; what was acknowledged is recorded");
    }
    Ok(())
}

/// A server that is ready to answer.
struct Started {
    server: Server,
    app: Arc<App>,
    /// Ends when everything that was handed in to be recorded has been.
    sequencer: JoinHandle<()>,
    /// Who is asked for cosignatures.
    witnessing: Witnessing,
}

async fn start(
    catalog: Arc<dyn Catalog>,
    blobs: Blobs,
    config: &Arc<Config>,
    demo: bool,
) -> anyhow::Result<Started> {
    // First of all, so that a token is made only by a server that can be used with it.
    let mut server = Server::bind(config.listen, config.tls.clone()).await.or_else(explain_listen)?;
    if let Some(socket) = &config.socket {
        server = server.and_socket(socket).await.or_else(explain_listen)?;
    }
    let clock = Arc::new(SystemClock);
    let metrics = Arc::new(Metrics::new());
    metrics.started(Duration::from_micros(clock.now().us().unsigned_abs()).as_secs_f64());

    let first_run = if catalog.accounts().await?.is_empty() {
        Some(first_run::create(&*catalog, &*clock, if demo { demo::TITLE } else { first_run::TITLE }).await?)
    } else {
        None
    };
    let segments = Arc::new(Segments::new(blobs, config.cache_mib.saturating_mul(1024 * 1024)));
    // The data directory is locked: nobody else makes segments of it.
    let holder = "the server of the data directory".to_owned();
    let keeper = KeeperOptions { seal_rows: config.segment_rows, holder, ..KeeperOptions::default() };
    let options = EngineOptions { keeper, ..EngineOptions::default() };
    let witnessing = Witnessing::new(&config.witnesses, Arc::clone(&metrics)).or_else(explain_witnesses)?;
    let (engine, sequencer) = Engine::open(catalog, segments, clock, metrics, options).await?;
    let signer = Arc::new(engine.signer(&config.signing_key()).await.or_else(explain_keys)?);
    let demo = if demo { demo::fill(&engine).await? } else { None };

    let url = config.url(server.address());
    let welcome =
        Welcome { url: &url, data_dir: &config.data_dir, first_run: first_run.as_ref(), demo: demo.as_ref() };
    welcome.print()?;
    let socket = config.socket.as_ref().map(|socket| socket.display().to_string());
    info!(url, listen = %server.address(), socket, data_dir = %config.data_dir.display(), "annals is ready");
    let app = Arc::new(App::new(engine, signer, Arc::clone(config)));
    Ok(Started { server, app, sequencer, witnessing })
}

/// Adds the next step to what is wrong with a data directory.
fn explain<T>(error: DataDirError) -> anyhow::Result<T> {
    let step = match &error {
        DataDirError::InUse { .. } => {
            "Stop that server, or give this one a directory of its own with --data-dir."
        }
        DataDirError::Create { .. } | DataDirError::Lock { .. } => {
            "Make it a directory that this user may write to, or name another with --data-dir."
        }
        DataDirError::Catalog(_) | DataDirError::Blobs(_) => {
            "`annals doctor` looks closer; --data-dir names another directory."
        }
    };
    Err(error).hint(step)
}

/// Adds the next step to why logs cannot be signed.
fn explain_keys<T>(error: SignError) -> anyhow::Result<T> {
    Err(error).hint(
        "`annals key --help` says how keys are made; bring back a copy of the file if there is one, as without its keys \
         every log gets another name.",
    )
}

/// Adds the next step to why witnesses cannot be asked.
fn explain_witnesses<T>(error: WitnessError) -> anyhow::Result<T> {
    Err(error).context("witnesses cannot be asked over HTTPS").hint("Install the system's CA certificates.")
}

/// Adds the next step to why the server cannot listen.
pub(super) fn explain_listen<T>(error: ListenError) -> anyhow::Result<T> {
    let step = match &error {
        ListenError::Tls { .. } => {
            "Give a certificate chain and its private key as PEM, readable for this user."
        }
        ListenError::Bind { source, .. } => match source.kind() {
            io::ErrorKind::AddrInUse => {
                "Another program listens there: stop it, or choose another port with --listen."
            }
            io::ErrorKind::PermissionDenied => {
                "Choose a port from 1024 up with --listen, or allow this program lower ones."
            }
            _ => "Choose an address of this machine with --listen; 0.0.0.0 and [::] are all of them.",
        },
        ListenError::Socket { source, .. } => match source.kind() {
            io::ErrorKind::AddrInUse => {
                "Another program listens there, or it is no socket: choose another file with --socket."
            }
            _ => {
                "Choose a file of at most 107 bytes in a directory that this user may write to with --socket."
            }
        },
    };
    Err(error).hint(step)
}
