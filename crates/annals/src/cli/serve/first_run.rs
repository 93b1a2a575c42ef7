//! The first start: an account, a workspace and a token, so that there is something to begin with.

use annals_store::{Account, Catalog, Role, Scope, Workspace};

use crate::{
    administer::{Admin, TokenRequest, create_account, create_token, create_workspace, operator},
    clock::Clock,
    identity::Secret,
};

/// The first account's title.
pub(super) const TITLE: &str = "Main";

const WORKSPACE: &str = "Default";

const TOKEN: &str = "first token";

/// What the first start made.
pub(super) struct FirstRun {
    pub(super) account: Account,
    pub(super) workspace: Workspace,
    /// An owner's service token with all scopes.
    pub(super) secret: Secret,
}

/// Makes an account with this title and what belongs to it. Each step is recorded in the account's log.
pub(super) async fn create(
    catalog: &dyn Catalog,
    clock: &dyn Clock,
    title: &str,
) -> anyhow::Result<FirstRun> {
    let who = operator();
    let admin = Admin { catalog, clock, who: &who, source: "cli" };
    let account = create_account(&admin, title).await?;
    let workspace = create_workspace(&admin, account.id, WORKSPACE).await?;
    let request = TokenRequest {
        name: TOKEN.to_owned(),
        // All but erasing, which is for a token that was made for it.
        scopes: [Scope::Read, Scope::Write, Scope::Import].into_iter().collect(),
        role: Some(Role::Owner),
        user_id: None,
        expires_at: None,
    };
    let (_, secret) = create_token(&admin, account.id, &request).await?;
    Ok(FirstRun { account, workspace, secret })
}
