//! Workspaces: creating and renaming them.

use annals_format::Action;
use annals_store::{AccountId, Change, Workspace};

use super::{
    Admin, AdministerError, check_text,
    record::{Properties, Record, properties_of},
    step::{Decision, Whose, administer},
};
use crate::random;

/// Creates a workspace; the first one of an account becomes its default. Several may have the same name.
pub async fn create_workspace(
    admin: &Admin<'_>,
    account: AccountId,
    name: &str,
) -> Result<Workspace, AdministerError> {
    check_text("name", name)?;
    administer(admin, Whose::Of(account), |state| {
        let token = random::name("wrkspc_");
        let workspace = Workspace { token, name: name.to_owned(), created_at: state.at };
        let record = record(Action::Create, &workspace, Properties::new(), properties(name));
        let change = Change::CreateWorkspace { account, workspace: workspace.clone() };
        Ok(Decision::make(change, record, workspace))
    })
    .await
}

/// Gives a workspace another name. Entries keep the one that it had.
pub async fn rename_workspace(
    admin: &Admin<'_>,
    account: AccountId,
    token: &str,
    name: &str,
) -> Result<(), AdministerError> {
    check_text("name", name)?;
    administer(admin, Whose::Of(account), |state| {
        let workspace = state
            .workspaces
            .iter()
            .find(|workspace| workspace.token == token)
            .ok_or_else(|| AdministerError::UnknownWorkspace { token: token.to_owned() })?;
        if workspace.name == name {
            return Ok(Decision::nothing(()));
        }
        let renamed = Workspace { name: name.to_owned(), ..workspace.clone() };
        let record = record(Action::Update, &renamed, properties(&workspace.name), properties(name));
        let change = Change::RenameWorkspace { account, token: renamed.token, name: renamed.name };
        Ok(Decision::make(change, record, ()))
    })
    .await
}

fn record(action: Action, workspace: &Workspace, before: Properties, after: Properties) -> Record {
    Record {
        action,
        object_type: "Workspace",
        object_token: workspace.token.clone(),
        object_title: workspace.name.clone(),
        workspace: Some(workspace.clone()),
        before,
        after,
    }
}

fn properties(name: &str) -> Properties {
    properties_of([("name", name.into())])
}
