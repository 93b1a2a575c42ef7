//! What the server does, without HTTP: record events, list entries, find one.

mod accounts;
mod drafts;
mod erase;
mod read;
mod record;
mod search;
mod workspaces;

pub use accounts::Accounts;
pub use erase::{EraseError, Erasure, ErasureRequest};
pub use read::{Found, Page, View};
pub use record::{Answer, RecordError, RecordRequest};
pub use workspaces::Workspaces;

use std::{num::NonZero, path::Path, sync::Arc};

use annals_store::{Catalog, ReadError};

use crate::{
    append::{Logs, Sequencer, SequencerOptions},
    clock::Clock,
    identity::Identities,
    limits::SEAL_ROWS,
    metrics::Metrics,
    query::TAIL_ROWS_MAX,
    segments::{Keeper, KeeperOptions, Segments},
    tlog::{SignError, Signer, Tiles},
    workers::Workers,
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
    /// Accounts by their tokens.
    pub accounts: Accounts,
    /// The trees of the logs.
    pub tiles: Arc<Tiles>,
    /// Who makes segments.
    pub keeper: Keeper,
    pub(crate) logs: Arc<Logs>,
    sequencer: Sequencer,
    workspaces: workspaces::Cached,
    search: search::HeadSearch,
    /// Where large bodies are read, on a thread for each processor.
    readers: Workers,
}

/// How an engine works.
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// How much one commit takes on.
    pub sequencer: SequencerOptions,
    /// When segments are made.
    pub keeper: KeeperOptions,
}

impl Engine {
    /// Loads what the catalog holds and starts to take on events.
    ///
    /// The handle ends when the engine was dropped and everything that was handed in has been answered.
    pub async fn open(
        catalog: Arc<dyn Catalog>,
        segments: Arc<Segments>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        options: EngineOptions,
    ) -> Result<(Self, tokio::task::JoinHandle<()>), ReadError> {
        let seal_rows = u32::try_from(options.keeper.seal_rows).unwrap_or(u32::MAX);
        let tail_rows_max = seal_rows.clamp(1, TAIL_ROWS_MAX);
        let logs = Arc::new(Logs::open(Arc::clone(&catalog), segments, tail_rows_max).await?);
        let tiles = Arc::new(Tiles::new(Arc::clone(&catalog), Arc::clone(&logs)));
        for account in catalog.accounts().await? {
            tiles.complete(account.id).await.map_err(|error| ReadError::Unavailable(error.into()))?;
        }
        let (sequencer, ended) = Sequencer::start(
            Arc::clone(&catalog),
            Arc::clone(&logs),
            Arc::clone(&clock),
            Arc::clone(&metrics),
            SequencerOptions { seal_rows: options.keeper.seal_rows.max(SEAL_ROWS), ..options.sequencer },
        );
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let engine = Self {
            identities: Identities::new(Arc::clone(&catalog)),
            accounts: Accounts::new(Arc::clone(&catalog)),
            tiles,
            workspaces: workspaces::Cached::new(Arc::clone(&catalog)),
            keeper: Keeper::new(
                Arc::clone(&catalog),
                Arc::clone(&logs),
                Arc::clone(&clock),
                Arc::clone(&metrics),
                options.keeper,
            ),
            catalog,
            clock,
            metrics,
            logs,
            sequencer,
            search: search::HeadSearch::new(),
            readers: Workers::start("bodies", processors, None),
        };
        Ok((engine, ended))
    }

    /// Who signs these logs, with the keys in a file.
    pub async fn signer(&self, keys: &Path) -> Result<Signer, SignError> {
        let (catalog, logs, tiles) = (&self.catalog, &self.logs, &self.tiles);
        let signer = Signer::open(Arc::clone(catalog), Arc::clone(logs), Arc::clone(tiles), keys)?;
        signer.resume().await?;
        Ok(signer)
    }
}
