//! How long an account's entries are kept, and which are kept longer.

use annals_format::{Action, ListQuery, Retention};
use annals_store::{AccountId, Change, Hold};
use serde_json::json;

use super::{
    Admin, AdministerError, account, check_text,
    record::{Properties, Record, properties_of},
    step::{Decision, Whose, administer},
};
use crate::{
    random,
    retention::{PRUNING, Pruning},
};

/// The object type of entries about holds.
const HOLD: &str = "LegalHold";

/// Bytes of a hold's filter at most.
const FILTER_BYTES_MAX: usize = 4 * 1024;

/// Keeps the entries of an account for so long from now on, or for ever.
pub async fn set_retention(
    admin: &Admin<'_>,
    id: AccountId,
    retention: Option<Retention>,
) -> Result<(), AdministerError> {
    administer(admin, Whose::Of(id), |state| {
        let account = state.account.as_ref().ok_or(AdministerError::NoAccount)?;
        if account.retention == retention {
            return Ok(Decision::nothing(()));
        }
        let of = |retention: Option<Retention>| {
            properties_of([("retention", retention.map(|retention| retention.to_string()).into())])
        };
        let record = account::record(Action::Update, account, of(account.retention), of(retention));
        Ok(Decision::make(Change::SetRetention { account: id, retention }, record, ()))
    })
    .await
}

/// Keeps the entries that match from retention and erasure, whatever is begun after this. `filter` is the query of a list; an
/// empty one matches all entries.
pub async fn place_hold(
    admin: &Admin<'_>,
    id: AccountId,
    filter: &str,
    reason: &str,
) -> Result<Hold, AdministerError> {
    check_text("reason", reason)?;
    if filter.len() > FILTER_BYTES_MAX {
        let (what, bytes, max) = ("filter", filter.len(), FILTER_BYTES_MAX);
        return Err(AdministerError::TooLong { what, bytes, max });
    }
    ListQuery::parse(filter).map_err(|faults| AdministerError::Filter { faults: faults.join("; ") })?;
    administer(admin, Whose::Of(id), |state| {
        let hold = Hold {
            token: random::name("hold_"),
            filter: filter.to_owned(),
            reason: reason.to_owned(),
            placed_at: state.at,
            released_at: None,
        };
        let record = of_hold(Action::Create, &hold, Properties::new(), properties(&hold));
        Ok(Decision::make(Change::PlaceHold { account: id, hold: hold.clone() }, record, hold))
    })
    .await
}

/// Says in the log which of its entries are about to be pruned.
pub async fn announce_pruning(
    admin: &Admin<'_>,
    id: AccountId,
    pruning: &Pruning,
) -> Result<(), AdministerError> {
    administer(admin, Whose::Of(id), |state| {
        let account = state.account.as_ref().ok_or(AdministerError::NoAccount)?;
        let Pruning { older_than, entries, indexes } = pruning;
        let record = Record {
            action: Action::Create,
            object_type: PRUNING,
            object_token: account.token.clone(),
            object_title: account.title.clone(),
            workspace: None,
            before: Properties::new(),
            after: properties_of([
                ("older_than", older_than.as_str().into()),
                ("entries", (*entries).into()),
                ("indexes", json!(indexes)),
            ]),
        };
        Ok(Decision::say(record, ()))
    })
    .await
}

/// Ends a hold: what it kept goes when it is due.
pub async fn release_hold(admin: &Admin<'_>, id: AccountId, token: &str) -> Result<(), AdministerError> {
    administer(admin, Whose::Of(id), |state| {
        let hold = state
            .holds
            .iter()
            .find(|hold| hold.token == token)
            .ok_or_else(|| AdministerError::UnknownHold { token: token.to_owned() })?;
        if hold.released_at.is_some() {
            return Ok(Decision::nothing(()));
        }
        let record = of_hold(Action::Delete, hold, properties(hold), Properties::new());
        let change = Change::ReleaseHold { account: id, token: hold.token.clone(), at: state.at };
        Ok(Decision::make(change, record, ()))
    })
    .await
}

fn of_hold(action: Action, hold: &Hold, before: Properties, after: Properties) -> Record {
    Record {
        action,
        object_type: HOLD,
        object_token: hold.token.clone(),
        object_title: hold.reason.clone(),
        workspace: None,
        before,
        after,
    }
}

fn properties(hold: &Hold) -> Properties {
    properties_of([("filter", hold.filter.as_str().into()), ("reason", hold.reason.as_str().into())])
}
