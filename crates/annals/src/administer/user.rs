//! Users: creating and removing them.

use annals_format::Action;
use annals_store::{AccountId, Change, Role, TokenKind, User};

use super::{
    Admin, AdministerError, check_text,
    record::{Properties, Record, properties_of},
    step::{Decision, State, Whose, administer},
};

/// Creates a user. Several may have the same name; ids are never given again.
pub async fn create_user(
    admin: &Admin<'_>,
    account: AccountId,
    name: &str,
    role: Role,
) -> Result<User, AdministerError> {
    check_text("name", name)?;
    administer(admin, Whose::Of(account), |state| {
        let id = state.next_number()?;
        let user = User { id, name: name.to_owned(), role, created_at: state.at, removed_at: None };
        let record = record(Action::Create, &user, Properties::new(), properties(&user));
        Ok(Decision::make(Change::CreateUser { account, user: user.clone() }, record, user))
    })
    .await
}

/// Removes a user and revokes the user's access tokens. Returns the user as removed; who was removed before stays so.
pub async fn remove_user(admin: &Admin<'_>, account: AccountId, id: i64) -> Result<User, AdministerError> {
    administer(admin, Whose::Of(account), |state| {
        let user = find(state, id)?;
        if user.removed_at.is_some() {
            return Ok(Decision::nothing(user.clone()));
        }
        let removed = User { removed_at: Some(state.at), ..user.clone() };
        // The tokens end with the user, and this is the only entry that says so.
        let ending = state
            .tokens
            .iter()
            .filter(|token| token.kind == TokenKind::Personal { user_id: id } && token.revoked_at.is_none());
        let ids: Vec<&str> = ending.map(|token| token.id.as_str()).collect();
        let mut before = properties(user);
        before.insert("access_tokens".to_owned(), ids.into());
        let record = record(Action::Delete, &removed, before, Properties::new());
        Ok(Decision::make(Change::RemoveUser { account, id, at: state.at }, record, removed))
    })
    .await
}

/// The user with this id, removed or not.
pub(super) fn find(state: &State, id: i64) -> Result<&User, AdministerError> {
    state.users.iter().find(|user| user.id == id).ok_or(AdministerError::UnknownUser { id })
}

fn record(action: Action, user: &User, before: Properties, after: Properties) -> Record {
    Record {
        action,
        object_type: "User",
        object_token: format!("user_{}", user.id),
        object_title: user.name.clone(),
        workspace: None,
        before,
        after,
    }
}

fn properties(user: &User) -> Properties {
    properties_of([
        ("id", user.id.into()),
        ("name", user.name.as_str().into()),
        ("role", user.role.as_str().into()),
    ])
}
