//! The measured reads: the same pages of the same events, asked of both sides in turn, and compared.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;
use tokio_postgres::{Client, Row, Statement};

use super::annals::{self, Annals};
use super::columns::{self, ACCOUNT, Encoded, LIVE, LOADED_ONLY};
use super::http::Http;
use super::load::{self, Requests, Summary, Turn};
use super::postgres::Postgres;
use super::progress::Phase;
use super::read_cases::{ReadCase, Target, Wanted};

/// Rows on a page.
pub(crate) const PAGE_ROWS: usize = 100;

/// What one case did on both sides.
#[derive(Serialize)]
pub(crate) struct ReadResult {
    pub(crate) title: &'static str,
    /// Events that match, on all pages.
    pub(crate) matches: u64,
    pub(crate) annals: Summary,
    pub(crate) postgres: Summary,
    /// Median latency of PostgreSQL for one of annals.
    pub(crate) ratio: f64,
    #[serde(skip)]
    pub(crate) wanted: Wanted,
}

/// Runs every case on both sides in turn, `rounds` times, `time` each, after checking that both answer the same.
/// `own_entries` is how many entries annals' log holds besides the loaded events.
pub(crate) async fn measure(
    annals: &Annals,
    postgres: &Postgres,
    cases: &[ReadCase],
    own_entries: u64,
    rounds: usize,
    time: Duration,
) -> Result<Vec<ReadResult>> {
    let phase = Phase::begin("reading", cases.len() * (rounds + 1) * 2)?;
    let next = Arc::default();
    let mut turns: Vec<[Vec<Turn>; 2]> = cases.iter().map(|_| Default::default()).collect();
    let mut matches = Vec::with_capacity(cases.len());
    for case in cases {
        phase.step(format!("comparing the answers: {}", case.title));
        matches.push(compare(annals, postgres, case, own_entries).await?);
    }
    for round in 0..=rounds {
        let (time, title) = if round == 0 {
            (time / 4, "warm-up".to_owned())
        } else {
            (time, format!("round {round} of {rounds}"))
        };
        for (case, turns) in cases.iter().zip(&mut turns) {
            phase.step(format!("{title}: annals, {}", case.title));
            let of_annals = load::run(vec![Get::open(annals, case).await?], time, &next).await?;
            phase.done();
            phase.step(format!("{title}: PostgreSQL, {}", case.title));
            let of_postgres = load::run(vec![Select::open(postgres, case).await?], time, &next).await?;
            phase.done();
            if round > 0 {
                turns[0].push(of_annals);
                turns[1].push(of_postgres);
            }
        }
    }
    let results = cases.iter().zip(&turns).zip(matches).map(|((case, [annals, postgres]), matches)| {
        let (annals, postgres) = (Summary::of(annals), Summary::of(postgres));
        let ratio = postgres.p50_ms.median / annals.p50_ms.median;
        ReadResult { title: case.title, matches, annals, postgres, ratio, wanted: case.wanted }
    });
    Ok(results.collect())
}

/// Fails unless both sides find the same events for a case; gives how many match on PostgreSQL's side.
async fn compare(annals: &Annals, postgres: &Postgres, case: &ReadCase, own_entries: u64) -> Result<u64> {
    let select = Select::open(postgres, case).await?;
    let rows = select.page().await?;
    let expected = rows.iter().map(|row| row.try_get("token")).collect::<Result<Vec<String>, _>>()?;
    let (listed, matches) = match &case.target {
        Target::Page { query, number, rows } => {
            let expected_total = select.count().await?;
            let total = annals.total(query).await?;
            // annals records its own administration in the same log, and a wide filter may match that too.
            if total != expected_total && total <= expected_total + own_entries {
                return Ok(expected_total);
            }
            ensure!(
                total == expected_total,
                "{}: annals finds {total}, PostgreSQL {expected_total}",
                case.title
            );
            (annals.page(query, *number, *rows).await?.audit_logs, expected_total)
        }
        Target::One { token } => (vec![annals.one(token).await?], 1),
    };
    let found: Vec<String> = listed.into_iter().map(|entry| entry.token).collect();
    ensure!(found == expected, "{}: the two sides do not list the same events", case.title);
    Ok(matches)
}

/// One connection that asks annals.
pub(crate) struct Get {
    http: Http,
    target: String,
}

impl Get {
    /// Opens a connection that asks for one case again and again.
    pub(crate) async fn open(annals: &Annals, case: &ReadCase) -> Result<Self> {
        let target = match &case.target {
            Target::Page { query, number, rows } => annals::page_target(query, *number, *rows),
            Target::One { token } => annals::one_target(token),
        };
        Ok(Self { http: annals.connect().await?, target })
    }
}

impl Requests for Get {
    async fn send(&mut self, _: usize) -> Result<u64> {
        self.http.get(&self.target).await?;
        Ok(1)
    }
}

/// One connection that asks PostgreSQL: for the page and, unless one event is wanted, for the exact count that a link to
/// the last page needs. Both are sent at once. The rows are fetched and not turned into JSON, in PostgreSQL's favour.
struct Select {
    client: Client,
    page: Statement,
    count: Option<Statement>,
    parameters: Vec<Encoded>,
}

impl Select {
    async fn open(postgres: &Postgres, case: &ReadCase) -> Result<Self> {
        let client = postgres.connect().await?;
        let columns = columns::names(LOADED_ONLY.iter().chain(&LIVE));
        let condition = format!("FROM audit_logs WHERE account_id = {ACCOUNT}{}", case.condition);
        let (page, count) = match &case.target {
            Target::Page { number, rows, .. } => {
                let offset = (number - 1) * rows;
                let order = format!("ORDER BY created_at DESC, id DESC LIMIT {rows} OFFSET {offset}");
                (
                    format!("SELECT {columns} {condition} {order}"),
                    Some(format!("SELECT count(*) {condition}")),
                )
            }
            Target::One { .. } => (format!("SELECT {columns} {condition}"), None),
        };
        let page = client.prepare(&page).await?;
        let count = match count {
            Some(count) => Some(client.prepare(&count).await?),
            None => None,
        };
        Ok(Self { client, page, count, parameters: case.parameters.clone() })
    }

    async fn page(&self) -> Result<Vec<Row>> {
        self.rows(&self.page).await
    }

    async fn count(&self) -> Result<u64> {
        let Some(count) = &self.count else { return Ok(1) };
        let rows = self.rows(count).await?;
        ensure!(rows.len() == 1, "a count is one row");
        Ok(u64::try_from(rows[0].try_get::<_, i64>(0)?)?)
    }

    async fn rows(&self, statement: &Statement) -> Result<Vec<Row>> {
        Ok(self.client.query(statement, &columns::parameters(&self.parameters)).await?)
    }
}

impl Requests for Select {
    async fn send(&mut self, _: usize) -> Result<u64> {
        tokio::try_join!(self.page(), self.count())?;
        Ok(1)
    }
}
