//! Erasing: what is personal goes, and an entry says who had it go, and why.

use annals_format::{Filter, ListQuery, Row, entry::Section, event::BodyForm, limits::PAGE_ROWS_MAX};
use annals_store::{Identity, ReadError};
use serde_json::{Value, json};

use super::{Engine, RecordError, RecordRequest};
use crate::{holds::Holds, random, segments::KeepError};

/// What is to be erased.
#[derive(Debug, Clone)]
pub struct ErasureRequest {
    /// Of which entries.
    pub filter: Filter,
    /// The names of the parameters that the filter was made of: its values may be what has to go.
    pub filtered_by: Vec<String>,
    /// Which sections.
    pub sections: Vec<Section>,
    /// Why, as the entry says it.
    pub reason: String,
}

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The object token of the entries that tell of it.
    pub token: String,
    /// Of how many entries.
    pub entries: u64,
    /// Of how many that match nothing was erased, as they are held.
    pub held: u64,
}

/// Why it was not, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The entry that tells of it could not be recorded.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The entries could not be found.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Some of them were erased, perhaps.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

impl Engine {
    /// Erases sections of all entries that match but are not held, and records that: once before, with how many they are, and once after.
    ///
    /// When it fails in between, the log says that it was begun; the same request again does what is left.
    pub async fn erase(&self, who: &Identity, request: ErasureRequest) -> Result<Erasure, EraseError> {
        let (indexes, held) = self.having(who, &request).await?;
        let token = random::name("ers_");
        let entries = indexes.len() as u64;
        let state = |state: &str| {
            let sections: Vec<&str> = request.sections.iter().map(|section| section.as_str()).collect();
            json!({
                "state": state, "sections": sections, "filtered_by": request.filtered_by, "entries": entries,
                "held": held, "reason": request.reason,
            })
        };
        self.tell(who, &token, json!({"event": "record_created", "after": state("begun")})).await?;
        self.keeper.erase(who.account, &indexes, &request.sections).await?;
        self.search.forget(who.account);
        let done = json!({"event": "record_updated", "before": state("begun"), "after": state("done")});
        self.tell(who, &token, done).await?;
        Ok(Erasure { token, entries, held })
    }

    /// The indexes of the entries that match, still have one of the sections, and are not held, ascending; and how many are
    /// held.
    async fn having(&self, who: &Identity, request: &ErasureRequest) -> Result<(Vec<u64>, u64), ReadError> {
        let holds = Holds::of(&*self.catalog, who.account).await?;
        let view = self.view(who.account).await?;
        let filter =
            Filter { as_of: Some(request.filter.as_of.unwrap_or(view.size())), ..request.filter.clone() };
        let (mut indexes, mut held) = (Vec::new(), 0);
        let mut query = ListQuery::of(filter, PAGE_ROWS_MAX);
        loop {
            let page = self.list(&view, &query).await?;
            for found in &page.entries {
                let row = Row::decode(&found.row).map_err(|error| ReadError::Corrupt(error.to_string()))?;
                let erased: Vec<Section> = row.erased().collect();
                if request.sections.iter().all(|section| erased.contains(section)) {
                    continue;
                }
                if holds.keep(found.index, &row)? {
                    held += 1;
                } else {
                    indexes.push(found.index);
                }
            }
            if (page.entries.len() as u64) < PAGE_ROWS_MAX {
                break;
            }
            query.page = query.page.saturating_add(1);
        }
        indexes.sort_unstable();
        Ok((indexes, held))
    }

    /// Records an entry about an erasure.
    async fn tell(&self, who: &Identity, token: &str, what: Value) -> Result<(), RecordError> {
        let mut event = json!({
            "object_type": "Erasure", "object_token": token, "source": "api", "user": who.token.name,
            "user_id": who.token.number, "workspace_token": null,
        });
        if let (Some(event), Value::Object(what)) = (event.as_object_mut(), what) {
            event.extend(what);
        }
        let request = RecordRequest {
            body: event.to_string().into(),
            form: BodyForm::Json,
            idempotency_key: None,
            rows_wanted: false,
        };
        self.record(who, request).await.map(|_| ())
    }
}
