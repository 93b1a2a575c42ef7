//! What the server does, without HTTP: record events, list entries, find one.

mod drafts;
mod read;
mod record;
mod workspaces;

pub use read::{Found, Page, View};
pub use record::{Answer, RecordError, RecordRequest};
pub use workspaces::Workspaces;

use std::{num::NonZero, sync::Arc};

use annals_store::{Catalog, ReadError};
use tokio::sync::Semaphore;

use crate::{
    append::{Logs, Sequencer, SequencerOptions},
    clock::Clock,
    identity::Identities,
    metrics::Metrics,
};

/// One server's view of one catalog.
pub struct Engine {
    /// The catalog underneath.
    pub catalog: Arc<dyn Catalog>,
    /// Who calls.
    pub identities: Identities,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    logs: Arc<Logs>,
    sequencer: Sequencer,
    workspaces: workspaces::Cached,
    /// For those who compute for long: one for each processor.
    turns: Arc<Semaphore>,
}

impl Engine {
    /// Loads what the catalog holds and starts to take on events.
    ///
    /// The handle ends when the engine was dropped and everything that was handed in has been answered.
    pub async fn open(
        catalog: Arc<dyn Catalog>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        options: SequencerOptions,
    ) -> Result<(Self, tokio::task::JoinHandle<()>), ReadError> {
        let logs = Arc::new(Logs::open(Arc::clone(&catalog)).await?);
        let (sequencer, ended) = Sequencer::start(
            Arc::clone(&catalog),
            Arc::clone(&logs),
            Arc::clone(&clock),
            Arc::clone(&metrics),
            options,
        );
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let engine = Self {
            identities: Identities::new(Arc::clone(&catalog)),
            workspaces: workspaces::Cached::new(Arc::clone(&catalog)),
            catalog,
            clock,
            metrics,
            logs,
            sequencer,
            turns: Arc::new(Semaphore::new(processors)),
        };
        Ok((engine, ended))
    }
}
