//! Having checkpoints cosigned: a task for each witness, which asks it about every log that was signed.
//!
//! Logs are signed whatever witnesses do: who is absent, slow or refuses is asked again, after longer and longer waits. There is
//! one exception. A witness that has cosigned what a log does not have says that the log was set back, keys included; that
//! log is not signed any more. So that this is found out before anything contrary is signed, every witness is asked about
//! what is shown when a server starts, and the first round of signing waits for the answers, some seconds at most.

mod ask;
mod progress;

use std::{convert::Infallible, sync::Arc, time::Duration};

use reqwest::Client;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use self::ask::Asking;
use super::Signer;
use crate::{
    limits::WITNESS_ANSWER_SECONDS_MAX,
    metrics::Metrics,
    witness::client::{Witness, WitnessError, http_client},
};

/// The witnesses of a server.
#[derive(Clone)]
pub struct Witnessing {
    witnesses: Vec<Arc<Witness>>,
    http: Client,
    metrics: Arc<Metrics>,
}

impl Witnessing {
    /// Asks these witnesses.
    ///
    /// # Errors
    ///
    /// One of them speaks HTTPS, and the system has no certificates to check its own with.
    pub fn new(witnesses: &[Witness], metrics: Arc<Metrics>) -> Result<Self, WitnessError> {
        let http = http_client(witnesses)?;
        Ok(Self { witnesses: witnesses.iter().cloned().map(Arc::new).collect(), http, metrics })
    }

    /// Starts a task for each witness, which ends when what this returns is dropped. Returns when all of them were asked about
    /// every log that is shown, or too much time has passed.
    pub(crate) async fn start(&self, signer: &Arc<Signer>) -> JoinSet<Infallible> {
        let mut tasks = JoinSet::new();
        let (asked, mut all_asked) = mpsc::channel(1);
        for witness in &self.witnesses {
            let asking = Asking::new(
                Arc::clone(signer),
                Arc::clone(witness),
                self.http.clone(),
                Arc::clone(&self.metrics),
            );
            tasks.spawn(asking.run(asked.clone()));
        }
        drop(asked);
        // Nothing is ever sent: the channel closes when the last witness was asked.
        let first: Option<Infallible> =
            timeout(Duration::from_secs(WITNESS_ANSWER_SECONDS_MAX), all_asked.recv()).await.ok().flatten();
        match first {
            Some(never) => match never {},
            None => tasks,
        }
    }
}
