//! Loading: the same events, in the same order, on each side.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::annals::Annals;
use super::events::{self, Sample};
use super::gather::Gathered;
use super::machine::Machine;
use super::picks::Picker;
use super::postgres::Postgres;
use super::progress::Phase;
use super::report::{Loaded, PostgresReport};
use super::table;

/// PostgreSQL with the events.
pub(crate) struct PostgresSide {
    pub(crate) postgres: Postgres,
    seconds: f64,
    size: table::Size,
    /// How many it must hold.
    pub(crate) rows: u64,
}

impl PostgresSide {
    /// Starts PostgreSQL in a directory that it makes below `dir`, and loads the events, in their order; `bin` is where its
    /// programs are when they are not in Debian's place.
    pub(crate) async fn load(
        dir: &Path,
        bin: Option<&Path>,
        machine: &Machine,
        sample: &Sample,
    ) -> Result<Self> {
        let dir = dir.join("postgres");
        fs::create_dir(&dir)?;
        let postgres = Postgres::start(&dir, bin, machine.memory_bytes).await?;
        let phase = Phase::begin("loading PostgreSQL", sample.preload)?;
        let start = Instant::now();
        let client = postgres.connect().await?;
        table::create(&client).await?;
        let events = sample.preload_lines()?.map(|line| {
            let event = events::parse(&line?)?;
            phase.done();
            Ok(event)
        });
        table::load(&client, events).await?;
        phase.step("building indexes".to_owned());
        table::index(&client).await?;
        let (seconds, size) = (start.elapsed().as_secs_f64(), table::size(&client).await?);
        Ok(Self { postgres, seconds, size, rows: sample.preload as u64 })
    }

    /// What is to be said of it at the end; fails if it does not hold what it must.
    pub(crate) async fn report(self) -> Result<PostgresReport> {
        let Self { postgres, seconds, size, rows: expected, .. } = self;
        let rows = table::size(&postgres.connect().await?).await?.rows;
        ensure!(rows == expected, "PostgreSQL holds {rows} rows, not {expected}");
        Ok(PostgresReport {
            version: postgres.version.clone(),
            settings: postgres.settings.clone(),
            loading_seconds: seconds,
            size,
            memory_bytes: postgres.memory_bytes()?,
            rows,
        })
    }
}

/// What is known of the events that were loaded.
pub(crate) struct Seen {
    pub(crate) picker: Picker,
    pub(crate) gathered: Gathered,
}

/// Loads the events on annals' side, in their order, and waits until they are sealed.
pub(crate) async fn load(annals: &Annals, sample: &Sample) -> Result<(Seen, Loaded)> {
    let phase = Phase::begin("loading annals", sample.preload)?;
    let start = Instant::now();
    let mut seen = Seen { picker: Picker::new(sample.preload), gathered: Gathered::new(sample.preload) };
    let lines = sample.preload_lines()?.map(|line| {
        let line = line?;
        seen.picker.see(&events::parse(&line)?);
        seen.gathered.see(&line)?;
        phase.done();
        Ok(line)
    });
    annals.load(lines).await?;
    let annals_seconds = start.elapsed().as_secs_f64();
    phase.step("sealing what is left".to_owned());
    let annals_sealed = annals.sealed().await?;
    Ok((seen, Loaded { annals_seconds, annals_sealed, annals_disk: annals.disk()? }))
}
