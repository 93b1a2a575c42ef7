//! How an event becomes a row of PostgreSQL's table: its columns, and values already in PostgreSQL's binary form.

use std::error::Error;
use std::time::SystemTime;

use anyhow::{Result, anyhow};
use bytes::{BufMut, Bytes, BytesMut};
use tokio_postgres::types::{IsNull, Json, ToSql, Type, to_sql_checked};

use super::events::Event;

/// The account that owns the rows; those of a real installation's other tenants would lie beside it.
pub(crate) const ACCOUNT: i64 = 1;

/// One column of the table, but for `id` and `account_id`.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) of: Type,
    /// Its value in an event.
    pub(crate) value: fn(&Event) -> Box<dyn ToSql + Sync + '_>,
}

/// What a loaded event has and an ordinary one leaves to the server.
pub(crate) const LOADED_ONLY: [Column; 4] = [
    Column { name: "token", of: Type::TEXT, value: |e| Box::new(e.token.as_str()) },
    Column { name: "created_at", of: Type::TIMESTAMPTZ, value: |e| Box::new(SystemTime::from(e.created_at)) },
    Column { name: "workspace_token", of: Type::TEXT, value: |e| Box::new(e.workspace_token.as_deref()) },
    Column { name: "workspace_title", of: Type::TEXT, value: |e| Box::new(e.workspace_title.as_deref()) },
];

/// What every event has.
pub(crate) const LIVE: [Column; 12] = [
    Column { name: "event", of: Type::TEXT, value: |e| Box::new(e.event.as_str()) },
    Column { name: "source", of: Type::TEXT, value: |e| Box::new(e.source.as_str()) },
    Column { name: "object_type", of: Type::TEXT, value: |e| Box::new(e.object_type.as_str()) },
    Column { name: "object_token", of: Type::TEXT, value: |e| Box::new(e.object_token.as_deref()) },
    Column { name: "object_title", of: Type::TEXT, value: |e| Box::new(e.object_title.as_deref()) },
    Column { name: "user_id", of: Type::INT8, value: |e| Box::new(e.user_id) },
    Column { name: "user_name", of: Type::TEXT, value: |e| Box::new(e.user.as_deref()) },
    Column { name: "user_role", of: Type::TEXT, value: |e| Box::new(e.user_role.as_deref()) },
    Column { name: "changed_values", of: Type::JSONB, value: |e| Box::new(Json(&*e.changed_values)) },
    Column { name: "unchanged_values", of: Type::JSONB, value: |e| Box::new(Json(&*e.unchanged_values)) },
    Column { name: "context", of: Type::JSONB, value: |e| Box::new(Json(&*e.context)) },
    Column { name: "metadata", of: Type::JSONB, value: |e| Box::new(Json(&*e.metadata)) },
];

/// The names of columns, as SQL lists them.
pub(crate) fn names<'a>(columns: impl IntoIterator<Item = &'a Column>) -> String {
    columns.into_iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// Rendered parameters, as a query takes them.
pub(crate) fn parameters(encoded: &[Encoded]) -> Vec<&(dyn ToSql + Sync)> {
    encoded.iter().map(|parameter| parameter as &(dyn ToSql + Sync)).collect()
}

/// A parameter rendered before the clock starts: sending it is a copy.
#[derive(Clone, Debug)]
pub(crate) struct Encoded(Option<Bytes>);

impl Encoded {
    /// Renders one value as a parameter of the type `of`.
    pub(crate) fn value(value: &dyn ToSql, of: &Type) -> Result<Self> {
        let mut bytes = BytesMut::new();
        match value.to_sql_checked(of, &mut bytes).map_err(|error| anyhow!(error))? {
            IsNull::Yes => Ok(Self(None)),
            IsNull::No => Ok(Self(Some(bytes.freeze()))),
        }
    }

    /// Renders one column of many events as a one-dimensional array.
    pub(crate) fn array(column: &Column, events: &[Event]) -> Result<Self> {
        let mut elements = BytesMut::new();
        let mut has_null = 0;
        for event in events {
            match Self::value(&*(column.value)(event), &column.of)?.0 {
                Some(value) => {
                    elements.put_i32(i32::try_from(value.len())?);
                    elements.extend_from_slice(&value);
                }
                None => {
                    has_null = 1;
                    elements.put_i32(-1);
                }
            }
        }
        let mut array = BytesMut::with_capacity(20 + elements.len());
        array.put_i32(1); // dimensions
        array.put_i32(has_null);
        array.put_u32(column.of.oid());
        array.put_i32(i32::try_from(events.len())?);
        array.put_i32(1); // the first subscript
        array.extend_from_slice(&elements);
        Ok(Self(Some(array.freeze())))
    }
}

impl ToSql for Encoded {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(bytes) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
