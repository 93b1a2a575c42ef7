//! Accounts: creating, renaming and finding them.

use annals_format::Action;
use annals_store::{Account, AccountId, Change};

use super::{
    Admin, AdministerError, check_text,
    record::{Properties, Record, properties_of},
    step::{Decision, Whose, administer},
};
use crate::random;

/// Accounts that an error names.
const NAMED_MAX: usize = 10;

/// Creates an account. Several may have the same title: their tokens tell them apart.
pub async fn create_account(admin: &Admin<'_>, title: &str) -> Result<Account, AdministerError> {
    check_text("title", title)?;
    administer(admin, Whose::New, |state| {
        let account = Account {
            id: state.id,
            token: random::name("acct_"),
            title: title.to_owned(),
            created_at: state.at,
            default_workspace: None,
            log_public: false,
            retention: None,
        };
        let record = record(Action::Create, &account, Properties::new(), properties(title));
        Ok(Decision::make(Change::CreateAccount(account.clone()), record, account))
    })
    .await
}

/// Gives an account another title.
pub async fn rename_account(admin: &Admin<'_>, id: AccountId, title: &str) -> Result<(), AdministerError> {
    check_text("title", title)?;
    administer(admin, Whose::Of(id), |state| {
        let account = state.account.as_ref().ok_or(AdministerError::NoAccount)?;
        if account.title == title {
            return Ok(Decision::nothing(()));
        }
        let renamed = Account { title: title.to_owned(), ..account.clone() };
        let record = record(Action::Update, &renamed, properties(&account.title), properties(title));
        Ok(Decision::make(Change::RenameAccount { account: id, title: renamed.title }, record, ()))
    })
    .await
}

/// Lets everybody read the tiles and checkpoints of an account's log, or nobody but holders of the account's tokens.
pub async fn publish_log(admin: &Admin<'_>, id: AccountId, public: bool) -> Result<(), AdministerError> {
    administer(admin, Whose::Of(id), |state| {
        let account = state.account.as_ref().ok_or(AdministerError::NoAccount)?;
        if account.log_public == public {
            return Ok(Decision::nothing(()));
        }
        let of = |public: bool| properties_of([("log_public", public.into())]);
        let record = record(Action::Update, account, of(account.log_public), of(public));
        Ok(Decision::make(Change::PublishLog { account: id, public }, record, ()))
    })
    .await
}

/// The account that people mean by `named`, its token or exact title; by nothing they mean the only one there is.
pub async fn find_account(admin: &Admin<'_>, named: Option<&str>) -> Result<Account, AdministerError> {
    let accounts = admin.catalog.accounts().await?;
    let meant: Vec<&Account> = match named {
        None => accounts.iter().collect(),
        Some(named) => match accounts.iter().find(|account| account.token == named) {
            Some(account) => vec![account],
            None => accounts.iter().filter(|account| account.title == named).collect(),
        },
    };
    match (meant.as_slice(), named) {
        ([account], _) => Ok((*account).clone()),
        (_, _) if accounts.is_empty() => Err(AdministerError::NoAccount),
        (several, None) => Err(AdministerError::AccountNotNamed { known: names(several) }),
        ([], Some(named)) => {
            let known = names(&accounts.iter().collect::<Vec<_>>());
            Err(AdministerError::UnknownAccount { named: named.to_owned(), known })
        }
        (several, Some(named)) => {
            Err(AdministerError::AmbiguousAccount { named: named.to_owned(), known: names(several) })
        }
    }
}

/// The accounts as an error names them.
fn names(accounts: &[&Account]) -> String {
    let name = |account: &&Account| format!("{} ({})", account.token, account.title);
    let mut names: Vec<String> = accounts.iter().take(NAMED_MAX).map(name).collect();
    if let more @ 1.. = accounts.len().saturating_sub(NAMED_MAX) {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

/// An entry about an account.
pub(super) fn record(action: Action, account: &Account, before: Properties, after: Properties) -> Record {
    Record {
        action,
        object_type: "Account",
        object_token: account.token.clone(),
        object_title: account.title.clone(),
        workspace: None,
        before,
        after,
    }
}

fn properties(title: &str) -> Properties {
    properties_of([("title", title.into())])
}
