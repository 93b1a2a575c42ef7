//! Signals: what tells a server to stop, and to stop now.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

/// The signals that end a server: SIGTERM, and SIGINT, which is ctrl-c. From its making on they do nothing else.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes over the signals.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one more of them and tells its name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Waits for the one that begins an orderly end. The next ends the process at once.
    pub async fn end(mut self) {
        let signal = self.next().await;
        info!(signal, "stopping; a second signal ends the server at once");
        tokio::spawn(async move {
            let signal = self.next().await;
            warn!(signal, "stopped at once");
            std::process::exit(1);
        });
    }
}

/// SIGHUP, which asks for files to be read again.
pub(super) struct Hangups(Option<Signal>);

impl Hangups {
    /// Takes over the signal. If that is impossible there will be none.
    pub(super) fn listen() -> Self {
        Self(signal(SignalKind::hangup()).ok())
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        match &mut self.0 {
            Some(hangup) => drop(hangup.recv().await),
            None => std::future::pending().await,
        }
    }
}
