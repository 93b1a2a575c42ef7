//! The measured writes: which cases there are, and the rounds in which the two sides take turns.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::annals::Annals;
use super::events::{BATCH_ROWS, Bodies, Sample};
use super::load::{self, Summary, Transport, Turn};
use super::load_http::Post;
use super::load_pg::{Insert, Parameters};
use super::postgres::Postgres;
use super::progress::Phase;

/// How events arrive.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    /// [`BATCH_ROWS`] in one request or statement.
    Batches,
    /// One in each.
    Singles,
}

/// One way of writing.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct WriteCase {
    pub(crate) shape: Shape,
    /// Connections that write at the same time.
    pub(crate) writers: usize,
    /// What both sides are connected to over.
    pub(crate) transport: Transport,
}

/// Connections that write at the same time, at most.
const WRITERS_MAX: usize = 64;

/// In the order of the table.
const CASES: [WriteCase; 7] = [
    WriteCase { shape: Shape::Batches, writers: 1, transport: Transport::Tcp },
    WriteCase { shape: Shape::Batches, writers: 16, transport: Transport::Tcp },
    WriteCase { shape: Shape::Singles, writers: 1, transport: Transport::Tcp },
    WriteCase { shape: Shape::Singles, writers: 16, transport: Transport::Tcp },
    WriteCase { shape: Shape::Singles, writers: WRITERS_MAX, transport: Transport::Tcp },
    WriteCase { shape: Shape::Singles, writers: 16, transport: Transport::Unix },
    WriteCase { shape: Shape::Singles, writers: WRITERS_MAX, transport: Transport::Unix },
];

/// A side's background work on what it has just been given may run on for this long before the other side's turn.
const PAUSE: Duration = Duration::from_secs(1);

impl WriteCase {
    /// For people.
    pub(crate) fn title(self) -> String {
        let shape = match self.shape {
            Shape::Batches => format!("batches of {BATCH_ROWS}"),
            Shape::Singles => "single events".to_owned(),
        };
        let transport = match self.transport {
            Transport::Tcp => "TCP",
            Transport::Unix => "Unix socket",
        };
        let writers = if self.writers == 1 { "writer" } else { "writers" };
        format!("{shape}, {} {writers}, {transport}", self.writers)
    }
}

/// What one case did on both sides.
#[derive(Serialize)]
pub(crate) struct WriteResult {
    pub(crate) case: WriteCase,
    pub(crate) annals: Summary,
    pub(crate) postgres: Summary,
    /// Rows a second of annals for one of PostgreSQL.
    pub(crate) ratio: f64,
    /// Processor time of the server for each row, which other programs on the machine hardly change.
    pub(crate) annals_cpu_us_per_row: f64,
    /// The same of PostgreSQL with all its processes.
    pub(crate) postgres_cpu_us_per_row: f64,
}

/// The turns of one case on one side.
#[derive(Default)]
pub(crate) struct Turns {
    pub(crate) measured: Vec<Turn>,
    /// Of the server, over the measured turns with the requests that warmed them up.
    cpu: Duration,
    /// Written in the same time.
    rows: u64,
}

/// All results, and what must be found in the logs afterwards.
pub(crate) struct Writes {
    pub(crate) results: Vec<WriteResult>,
    /// Single events over as many connections as in the last case, refused before they are read, over each transport.
    pub(crate) http_alone: Vec<(Transport, Summary)>,
    /// Every event that annals has acknowledged, measured or not.
    pub(crate) annals_rows: u64,
    /// Every row that PostgreSQL has committed.
    pub(crate) postgres_rows: u64,
}

/// Runs every case on both sides in turn, `rounds` times, `time` each. A first, shorter round is thrown away: it takes
/// PostgreSQL's full-page writes after the checkpoint that ended its loading, and warms both sides.
pub(crate) async fn measure(
    annals: &Annals,
    postgres: &Postgres,
    sample: &Sample,
    rounds: usize,
    time: Duration,
) -> Result<Writes> {
    let (bodies, parameters) = {
        let _phase = Phase::begin("preparing requests", 1)?;
        let events = sample.live_events()?;
        (Bodies::render(&events)?, Parameters::render(&events)?)
    };
    let phase = Phase::begin("writing", CASES.len() * (rounds + 1) * 2)?;
    let (annals_next, postgres_next) = (Arc::default(), Arc::default());
    let mut turns: Vec<[Turns; 2]> = CASES.iter().map(|_| Default::default()).collect();
    let mut rows = [0, 0];
    for round in 0..=rounds {
        let (time, title) = if round == 0 {
            (time / 4, "warm-up".to_owned())
        } else {
            (time, format!("round {round} of {rounds}"))
        };
        for (case, turns) in CASES.iter().zip(&mut turns) {
            phase.step(format!("{title}: annals, {}", case.title()));
            let of_annals = annals_turn(annals, &bodies, *case, time, &annals_next).await?;
            // What annals still has to do with what it was given must not take processors from PostgreSQL.
            annals.sealed().await?;
            phase.done();
            phase.step(format!("{title}: PostgreSQL, {}", case.title()));
            let of_postgres = postgres_turn(postgres, &parameters, *case, time, &postgres_next).await?;
            phase.done();
            for (side, (turn, cpu)) in [of_annals, of_postgres].into_iter().enumerate() {
                rows[side] += turn.rows + turn.unmeasured_rows;
                if round > 0 {
                    turns[side].add(turn, cpu);
                }
            }
        }
    }
    let http_alone = http_alone(annals, &bodies, rounds, time).await?;
    let results =
        CASES.iter().zip(&turns).map(|(case, [annals, postgres])| WriteResult::of(*case, annals, postgres));
    Ok(Writes { results: results.collect(), http_alone, annals_rows: rows[0], postgres_rows: rows[1] })
}

/// What is left of the time of single events when nothing is recorded.
async fn http_alone(
    annals: &Annals,
    bodies: &Bodies,
    rounds: usize,
    time: Duration,
) -> Result<Vec<(Transport, Summary)>> {
    let transports = [Transport::Tcp, Transport::Unix];
    let phase = Phase::begin("HTTP alone", transports.len() * rounds)?;
    let (next, mut summaries) = (Arc::default(), Vec::new());
    for transport in transports {
        let mut turns = Vec::new();
        for _ in 0..rounds {
            let clients = Post::refused(annals, transport, bodies, WRITERS_MAX).await?;
            turns.push(load::run(clients, time, &next).await?);
            phase.done();
        }
        summaries.push((transport, Summary::of(&turns)));
    }
    Ok(summaries)
}

/// One turn of a case on annals' side, and what the server took of the processors for it.
pub(crate) async fn annals_turn(
    annals: &Annals,
    bodies: &Bodies,
    case: WriteCase,
    time: Duration,
    next: &Arc<AtomicUsize>,
) -> Result<(Turn, Duration)> {
    let clients = match case.shape {
        Shape::Batches => Post::batches(annals, case.transport, bodies, case.writers).await?,
        Shape::Singles => Post::singles(annals, case.transport, bodies, case.writers).await?,
    };
    tokio::time::sleep(PAUSE).await;
    let cpu_before = annals.cpu()?;
    let turn = load::run(clients, time, next).await?;
    Ok((turn, annals.cpu()?.saturating_sub(cpu_before)))
}

async fn postgres_turn(
    postgres: &Postgres,
    parameters: &Parameters,
    case: WriteCase,
    time: Duration,
    next: &Arc<AtomicUsize>,
) -> Result<(Turn, Duration)> {
    let clients = match case.shape {
        Shape::Batches => Insert::batches(postgres, case.transport, parameters, case.writers).await?,
        Shape::Singles => Insert::singles(postgres, case.transport, parameters, case.writers).await?,
    };
    tokio::time::sleep(PAUSE).await;
    let cpu_before = postgres.cpu()?;
    let turn = load::run(clients, time, next).await?;
    Ok((turn, postgres.cpu()?.saturating_sub(cpu_before)))
}

impl WriteResult {
    fn of(case: WriteCase, annals: &Turns, postgres: &Turns) -> Self {
        let (annals_cpu_us_per_row, postgres_cpu_us_per_row) =
            (annals.cpu_us_per_row(), postgres.cpu_us_per_row());
        let (annals, postgres) = (Summary::of(&annals.measured), Summary::of(&postgres.measured));
        let ratio = annals.rows_per_s.median / postgres.rows_per_s.median;
        Self { case, annals, postgres, ratio, annals_cpu_us_per_row, postgres_cpu_us_per_row }
    }
}

impl Turns {
    /// Adds a turn, and what the server took of the processors for it.
    pub(crate) fn add(&mut self, turn: Turn, cpu: Duration) {
        self.rows += turn.rows + turn.unmeasured_rows;
        self.cpu += cpu;
        self.measured.push(turn);
    }

    /// Processor time of the server for each row.
    #[expect(clippy::cast_precision_loss, reason = "rows of a benchmark are far below 2^52")]
    pub(crate) fn cpu_us_per_row(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.rows as f64
    }
}
