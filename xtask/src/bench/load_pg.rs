//! PostgreSQL under load: prepared inserts, one row or a batch each, every one committed durably by itself.

use std::sync::Arc;

use anyhow::Result;
use tokio_postgres::{Client, Statement};

use super::columns::{self, ACCOUNT, Encoded, LIVE};
use super::events::{BATCH_ROWS, Event};
use super::load::{Requests, Transport};
use super::postgres::Postgres;

/// The parameters of all statements, rendered before any clock starts.
pub(crate) struct Parameters {
    batches: Arc<Vec<Vec<Encoded>>>,
    singles: Arc<Vec<Vec<Encoded>>>,
}

impl Parameters {
    /// Renders the events; those that fill no whole batch are left out.
    pub(crate) fn render(events: &[Event]) -> Result<Self> {
        let events = events.chunks_exact(BATCH_ROWS);
        let batch = |events| LIVE.iter().map(|column| Encoded::array(column, events)).collect();
        let single =
            |event| LIVE.iter().map(|column| Encoded::value(&*(column.value)(event), &column.of)).collect();
        Ok(Self {
            batches: Arc::new(events.clone().map(batch).collect::<Result<_>>()?),
            singles: Arc::new(events.flatten().map(single).collect::<Result<_>>()?),
        })
    }
}

/// One connection that inserts.
pub(crate) struct Insert {
    client: Client,
    statement: Statement,
    parameters: Arc<Vec<Vec<Encoded>>>,
}

impl Insert {
    /// Opens `writers` connections that insert batches of [`BATCH_ROWS`] with one statement each.
    pub(crate) async fn batches(
        postgres: &Postgres,
        transport: Transport,
        parameters: &Parameters,
        writers: usize,
    ) -> Result<Vec<Self>> {
        let arrays: Vec<_> =
            LIVE.iter().zip(1..).map(|(column, n)| format!("${n}::{}[]", column.of.name())).collect();
        let names = columns::names(&LIVE);
        let statement = format!(
            "INSERT INTO audit_logs (account_id, {names}) SELECT {ACCOUNT}, event.* FROM unnest({}) AS event ({names})",
            arrays.join(", "),
        );
        Self::open(postgres, transport, &statement, &parameters.batches, writers).await
    }

    /// Opens `writers` connections that insert one row with each statement.
    pub(crate) async fn singles(
        postgres: &Postgres,
        transport: Transport,
        parameters: &Parameters,
        writers: usize,
    ) -> Result<Vec<Self>> {
        let values: Vec<_> = (1..=LIVE.len()).map(|n| format!("${n}")).collect();
        let statement = format!(
            "INSERT INTO audit_logs (account_id, {}) VALUES ({ACCOUNT}, {})",
            columns::names(&LIVE),
            values.join(", "),
        );
        Self::open(postgres, transport, &statement, &parameters.singles, writers).await
    }

    async fn open(
        postgres: &Postgres,
        transport: Transport,
        statement: &str,
        parameters: &Arc<Vec<Vec<Encoded>>>,
        writers: usize,
    ) -> Result<Vec<Self>> {
        let mut clients = Vec::with_capacity(writers);
        for _ in 0..writers {
            let client = postgres.connect_over(transport).await?;
            let statement = client.prepare(statement).await?;
            clients.push(Self { client, statement, parameters: parameters.clone() });
        }
        Ok(clients)
    }
}

impl Requests for Insert {
    async fn send(&mut self, n: usize) -> Result<u64> {
        let parameters = &self.parameters[n % self.parameters.len()];
        Ok(self.client.execute_raw(&self.statement, parameters).await?)
    }
}
