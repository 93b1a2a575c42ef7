//! How long entries are kept, and what is kept longer.

use std::sync::Arc;

use annals_format::Retention;

use super::Outcome;
use super::support::{A, B, account, assert_conflict, at, change};
use crate::catalog::{Catalog, Change};
use crate::model::{Account, AccountId, Hold};

/// How long entries are kept is the account's own setting, and for ever at first.
pub async fn entries_are_kept_for_so_long(catalog: &Arc<dyn Catalog>) -> Outcome {
    let months = Some(Retention::Months(24));
    let created = Account { retention: months, ..account(B) };
    change(catalog, [Change::CreateAccount(account(A)), Change::CreateAccount(created)]).await?;
    for retention in [None, months, Some(Retention::Days(1)), None] {
        change(catalog, [Change::SetRetention { account: A, retention }]).await?;
        let found: Vec<_> = catalog.accounts().await?.iter().map(|account| account.retention).collect();
        assert_eq!(found, [retention, months]);
    }
    let nobody = Change::SetRetention { account: AccountId(9), retention: months };
    assert_conflict(&change(catalog, [nobody]).await);
    Ok(())
}

fn hold(token: &str, us: i64) -> Hold {
    Hold {
        token: token.into(),
        filter: "user=1815&start_date=2024-01-01".into(),
        reason: "Prüfung 4711".into(),
        placed_at: at(us),
        released_at: None,
    }
}

/// Holds come in the order in which they were placed, ties by token; a taken token is a conflict, and so is the release of a
/// hold that is not there.
pub async fn a_hold_is_released_once(catalog: &Arc<dyn Catalog>) -> Outcome {
    let place = |token, us| Change::PlaceHold { account: A, hold: hold(token, us) };
    change(catalog, [place("b", 2), place("z", 1), place("a", 2)]).await?;
    assert_conflict(&change(catalog, [place("a", 3)]).await);
    let release = |token: &str, us| Change::ReleaseHold { account: A, token: token.into(), at: at(us) };
    change(catalog, [release("z", 50)]).await?;
    change(catalog, [release("z", 60)]).await?;
    assert_conflict(&change(catalog, [release("missing", 60)]).await);
    let released = Hold { released_at: Some(at(50)), ..hold("z", 1) };
    assert_eq!(catalog.holds(A).await?, [released, hold("a", 2), hold("b", 2)]);
    Ok(())
}

/// Holds with the same token in two accounts have nothing to do with each other.
pub async fn holds_of_accounts_are_apart(catalog: &Arc<dyn Catalog>) -> Outcome {
    for account in [A, B] {
        change(catalog, [Change::PlaceHold { account, hold: hold("h", 1) }]).await?;
    }
    change(catalog, [Change::ReleaseHold { account: A, token: "h".into(), at: at(5) }]).await?;
    assert_eq!(catalog.holds(B).await?, [hold("h", 1)]);
    assert!(catalog.holds(AccountId(9)).await?.is_empty());
    Ok(())
}
