//! What has to be true at the end: the ledger is the log, the tree is the hash of its rows, and every answer is what a
//! naive filter finds in the rows.

use std::{collections::HashMap, sync::Arc};

use annals::{
    engine::{Engine, Page},
    segments::Segments,
    verify::Local,
};
use annals_format::{Filter, ListQuery, LogToken, Row, Timestamp, object_type, search::Word};
use annals_store::{AccountId, StoredRow};
use serde_json::Value;

use super::{
    client::Ledger,
    world::{Tenant, World},
};

/// The rows of a log, and what readers see of them.
pub(crate) struct Rows(Vec<Entry>);

struct Entry {
    stored: StoredRow,
    created_at: Timestamp,
    served: Value,
}

/// Holds the catalog against itself and the ledger, and what engines answer against the catalog.
pub(crate) async fn check(world: &World, ledger: &Ledger, engines: &[&Arc<Engine>]) {
    let local = Local::new(Arc::clone(&world.beside), Arc::new(Segments::new(world.blobs(), 1 << 20)));
    for account in world.beside.accounts().await.expect("accounts") {
        local.verify(&account, &[], &[], None, &|_| ()).await.expect("the log verifies");
    }
    for (place, tenant) in world.tenants.iter().enumerate() {
        let rows = Rows::read(world, tenant.account).await;
        rows.check_ledger(place, ledger);
        for engine in engines {
            rows.check_answers(engine, tenant).await;
        }
    }
}

impl Rows {
    /// Reads a log: what is in segments, then the head.
    pub(crate) async fn read(world: &World, account: AccountId) -> Self {
        let catalog = &*world.beside;
        let segments = Arc::new(Segments::new(world.blobs(), 0));
        let mut entries = Vec::new();
        for info in catalog.segments(account).await.expect("segments") {
            let sealed = segments.open(account, info).await.expect("a segment");
            let read = move || {
                let mut rows = Vec::new();
                sealed.each_row(|index, row| rows.push((index, row)))?;
                rows.sort_unstable();
                Ok(rows)
            };
            let rows = segments.run(read).await.expect("rows");
            entries.extend(rows.into_iter().map(|(index, row)| {
                let leaf = Row::decode(&row).expect("a sound row").leaf_hash();
                StoredRow { index, row, leaf }
            }));
        }
        let head = catalog.entries(account, 0..u64::MAX, usize::MAX).await.expect("entries");
        entries.extend(head);
        let entry = |stored: StoredRow| {
            let row = Row::decode(&stored.row).expect("a sound row");
            assert_eq!(row.leaf_hash(), stored.leaf, "the leaf of entry {}", stored.index);
            let mut text = String::new();
            row.write_audit_log(stored.index, &mut text);
            let created_at = row.created_at();
            Entry { served: serde_json::from_str(&text).expect("JSON"), created_at, stored }
        };
        Self(entries.into_iter().map(entry).collect())
    }

    /// What was acknowledged is there once, where and as it was acknowledged, and nothing else is there.
    fn check_ledger(&self, tenant: usize, ledger: &Ledger) {
        let mut expected: Vec<Option<&Value>> = vec![None; self.0.len()];
        for ((of, id), acknowledged) in &ledger.acknowledged {
            if *of != tenant {
                continue;
            }
            let place = usize::try_from(acknowledged.index).expect("an index of this test");
            let entry = self.0.get(place).unwrap_or_else(|| panic!("{id} is gone"));
            assert_eq!(entry.served["token"], acknowledged.token.to_string(), "{id}");
            assert!(
                acknowledged.row.is_empty() || acknowledged.row == entry.stored.row,
                "{id} was another row"
            );
            check_served(&acknowledged.sent, &entry.served);
            let other = expected[place].replace(&acknowledged.sent);
            assert_eq!(other, None, "{id} is where another is");
        }
        let uncertain = |entry: &Entry| {
            let object = entry.served["object_token"].as_str().unwrap_or_default();
            let mut ids = ledger.uncertain.iter().filter(|(of, _)| *of == tenant).map(|(_, ids)| ids);
            ids.any(|ids| ids.iter().any(|id| id == object))
        };
        let mut live = Timestamp::MIN;
        for (entry, sent) in self.0.iter().zip(&expected) {
            let by_operator = entry.served["source"] == "cli";
            assert!(sent.is_some() || by_operator || uncertain(entry), "nobody knows of {}", entry.served);
            if sent.is_some_and(|sent| sent["created_at"].is_null()) {
                assert!(entry.created_at >= live, "the clock runs backwards at {}", entry.served);
                live = entry.created_at;
            }
        }
        for (of, ids) in &ledger.uncertain {
            let here =
                |id: &String| self.0.iter().filter(|entry| entry.served["object_token"] == **id).count();
            let counts: Vec<usize> = ids.iter().map(here).collect();
            let whole = counts.iter().all(|count| *count == counts[0] && *count <= 1);
            assert!(*of != tenant || whole, "{ids:?} are there {counts:?} times");
        }
        let mut tokens = HashMap::new();
        for entry in &self.0 {
            let other = tokens.insert(entry.served["token"].as_str(), entry.stored.index);
            assert_eq!(other, None, "two entries have the token {}", entry.served["token"]);
        }
    }

    /// Every list and every get.
    async fn check_answers(&self, engine: &Engine, tenant: &Tenant) {
        for query in self.queries() {
            let query = ListQuery::parse(&query).expect("a query");
            let view = engine.view(tenant.account).await.expect("a view");
            let page = engine.list(&view, &query).await.expect("a page");
            self.check_page(&query, &page);
        }
        for entry in &self.0 {
            let token = entry.served["token"].as_str().and_then(LogToken::parse).expect("a token");
            let found = engine.get(tenant.account, token).await.expect("an answer").expect("an entry");
            assert_eq!((found.index, &found.row), (entry.stored.index, &entry.stored.row));
        }
    }

    /// Holds a page against a naive filter over all rows.
    pub(crate) fn check_page(&self, query: &ListQuery, page: &Page) {
        let mut expected: Vec<&Entry> = self.0.iter().filter(|entry| entry.matches(&query.filter)).collect();
        expected.sort_by_key(|entry| std::cmp::Reverse((entry.created_at, entry.stored.index)));
        assert_eq!(page.total, expected.len() as u64, "{query:?}");
        let [limit, number] = [query.limit, query.page]
            .map(|number| usize::try_from(number.get()).expect("a number of this test"));
        let expected: Vec<_> = expected.iter().skip((number - 1) * limit).take(limit).collect();
        let same =
            page.entries.len() == expected.len()
                && page.entries.iter().zip(&expected).all(|(found, entry)| {
                    (found.index, &found.row) == (entry.stored.index, &entry.stored.row)
                });
        let indexes: Vec<u64> = page.entries.iter().map(|found| found.index).collect();
        let expected: Vec<u64> = expected.iter().map(|entry| entry.stored.index).collect();
        assert!(same, "{query:?}: {indexes:?}, not {expected:?}");
    }

    /// Each filter with values that occur and one that does not, pages, and snapshots.
    fn queries(&self) -> Vec<String> {
        let mut queries = vec![String::new(), "limit=5000".into(), "page=99".into(), "as_of=0".into()];
        let fields = [
            ("user_id", "user", 1),
            ("workspace_token", "workspace_token", 1),
            ("object_title", "object_name", 1),
            ("source", "source", 1),
            ("object_token", "object_token", 4),
            ("token", "token", 4),
        ];
        for (field, parameter, step) in fields {
            let mut values: Vec<String> = self.0.iter().map(|entry| text(&entry.served[field])).collect();
            values.sort();
            values.dedup();
            queries.extend(values.iter().step_by(step).map(|value| pair(parameter, value)));
            queries.push(pair(parameter, "404"));
        }
        for kind in ["cost_report", "virtual_tag", "account", "workspace", "access_token", "segment"] {
            queries.push(pair("object_type", kind));
        }
        for action in ["create", "update", "delete"] {
            queries.push(pair("action", action));
            queries.push(format!(
                "action={action}&source=finops_agent&start_date=2025-11-01&end_date=2025-11-01"
            ));
        }
        queries.extend((1..5).map(|page| format!("limit=7&page={page}")));
        queries.extend((1..self.0.len()).step_by(7).map(|size| format!("as_of={size}&limit=3&page=2")));
        queries.push("start_date=2025-11-01T08:00:00Z&end_date=2025-11-01T08:00:00Z".into());
        queries.push("start_date=2025-11-01T08:00:00.898Z".into());
        queries.extend(
            [
                "q=grosse",
                "q=gro*+%E6%97%A5",
                "q=nowhere",
                "q=name",
                "changed=n",
                "changed=nothing",
                "q=old&changed=n",
            ]
            .map(str::to_owned),
        );
        queries
    }
}

impl Entry {
    /// Whether a search for this word finds the entry.
    fn has(&self, wanted: &Word) -> bool {
        let mut found = false;
        Row::decode(&self.stored.row).expect("a sound row").words(|word| {
            found |= word == wanted.text || (wanted.prefix && word.starts_with(&wanted.text));
        });
        found
    }

    fn matches(&self, filter: &Filter) -> bool {
        let is = |wanted: &Option<String>, field: &str| {
            wanted.as_ref().is_none_or(|wanted| self.served[field] == **wanted)
        };
        let kind = self.served["object_type"].as_str().map(object_type::key_of);
        filter.user_id.is_none_or(|user| self.served["user_id"] == user)
            && is(&filter.workspace_token, "workspace_token")
            && filter.action.is_none_or(|action| self.served["event"] == action.event_name())
            && is(&filter.object_title, "object_title")
            && is(&filter.source, "source")
            && filter.object_type.as_ref().is_none_or(|wanted| kind.as_ref() == Some(wanted))
            && is(&filter.token, "token")
            && is(&filter.object_token, "object_token")
            && filter.changed.as_ref().is_none_or(|field| !self.served["changed_values"][field].is_null())
            && filter.words.iter().all(|word| self.has(word))
            && filter.from.is_none_or(|from| self.created_at >= from)
            && filter.before.is_none_or(|before| self.created_at < before)
            && filter.as_of.is_none_or(|as_of| self.stored.index < as_of)
    }
}

/// Every field that was sent is served.
fn check_served(sent: &Value, served: &Value) {
    for (field, value) in sent.as_object().expect("an event") {
        match field.as_str() {
            "idempotency_key" | "index" => {}
            "object_type" => {
                let keys = [value, &served[field]].map(|kind| kind.as_str().map(object_type::key_of));
                assert_eq!(keys[0], keys[1], "{field} of {served}");
            }
            "before" | "after" => {
                assert_eq!(served["changed_values"]["n"][usize::from(field == "after")], value["n"]);
            }
            "created_at" => {
                let instant = Timestamp::parse(value.as_str().unwrap_or_default()).expect("an instant");
                assert_eq!(served[field], instant.to_string(), "{field} of {served}");
            }
            _ => assert_eq!(&served[field], value, "{field} of {served}"),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string().replace("null", "0"), str::to_owned)
}

fn pair(parameter: &str, value: &str) -> String {
    let mut query = String::new();
    annals_format::query::encode_pair(&mut query, parameter, value);
    query
}
