//! PostgreSQL's table: created, loaded by COPY, indexed, and measured in bytes.

use std::pin::pin;

use anyhow::Result;
use serde::Serialize;
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::columns::{self, ACCOUNT, LIVE, LOADED_ONLY};
use super::events::Event;

/// Creates the table, without its indexes.
pub(crate) async fn create(client: &Client) -> Result<()> {
    Ok(client.batch_execute(include_str!("schema.sql")).await?)
}

/// Loads the events, in their order, with one COPY.
pub(crate) async fn load(client: &Client, events: impl Iterator<Item = Result<Event>>) -> Result<u64> {
    let columns = || LOADED_ONLY.iter().chain(&LIVE);
    let copy = format!("COPY audit_logs (account_id, {}) FROM STDIN BINARY", columns::names(columns()));
    let types: Vec<Type> =
        std::iter::once(Type::INT8).chain(columns().map(|column| column.of.clone())).collect();
    let mut writer = pin!(BinaryCopyInWriter::new(client.copy_in(&copy).await?, &types));
    for event in events {
        let event = event?;
        let account: Box<dyn ToSql + Sync> = Box::new(ACCOUNT);
        let row: Vec<_> =
            std::iter::once(account).chain(columns().map(|column| (column.value)(&event))).collect();
        writer.as_mut().write_raw(row).await?;
    }
    Ok(writer.finish().await?)
}

/// Builds the indexes, and leaves the table as autovacuum and a checkpoint would in time.
pub(crate) async fn index(client: &Client) -> Result<()> {
    client.batch_execute(include_str!("indexes.sql")).await?;
    client.batch_execute("VACUUM (ANALYZE) audit_logs").await?;
    client.batch_execute("CHECKPOINT").await?;
    Ok(())
}

/// What the table takes on disk, without the write-ahead log.
#[derive(Serialize)]
pub(crate) struct Size {
    pub(crate) rows: u64,
    /// The rows, with what lies out of line.
    pub(crate) table_bytes: u64,
    pub(crate) index_bytes: u64,
}

/// Counts rows and bytes.
pub(crate) async fn size(client: &Client) -> Result<Size> {
    let row = client
        .query_one(
            "SELECT (SELECT count(*) FROM audit_logs), pg_table_size('audit_logs'), pg_indexes_size('audit_logs')",
            &[],
        )
        .await?;
    let number = |column: usize| -> Result<u64> { Ok(u64::try_from(row.try_get::<_, i64>(column)?)?) };
    Ok(Size { rows: number(0)?, table_bytes: number(1)?, index_bytes: number(2)? })
}
