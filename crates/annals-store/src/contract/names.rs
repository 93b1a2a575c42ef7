//! How accounts, workspaces and users change.

use std::sync::Arc;

use super::Outcome;
use super::support::{A, B, account, append_to, assert_conflict, at, change, log, token, user, workspace};
use crate::catalog::{Catalog, Change, Commit, Tree};
use crate::model::{Account, AccountId, TokenKind, User};

/// Accounts come by id, as they were created.
pub async fn accounts_are_listed_by_id(catalog: &Arc<dyn Catalog>) -> Outcome {
    assert!(catalog.accounts().await?.is_empty());
    let ids = [AccountId(3), AccountId(0), AccountId::MAX];
    change(catalog, ids.map(|id| Change::CreateAccount(account(id)))).await?;
    let with_default = Account { default_workspace: Some("wrkspc_x".into()), ..account(B) };
    change(catalog, [Change::CreateAccount(with_default.clone())]).await?;

    let expected = [account(AccountId(0)), with_default, account(AccountId(3)), account(AccountId::MAX)];
    assert_eq!(catalog.accounts().await?, expected);
    Ok(())
}

/// Neither an id nor a token is given twice.
pub async fn a_taken_account_is_a_conflict(catalog: &Arc<dyn Catalog>) -> Outcome {
    change(catalog, [Change::CreateAccount(account(A))]).await?;
    let same_id = Account { token: "acct_other".into(), ..account(A) };
    let same_token = Account { id: B, ..account(A) };
    for taken in [same_id, same_token, account(A)] {
        assert_conflict(&change(catalog, [Change::CreateAccount(taken)]).await);
    }
    assert_eq!(catalog.accounts().await?, [account(A)]);
    Ok(())
}

/// A new title is all that changes; an account that is not there is a conflict.
pub async fn an_account_is_renamed(catalog: &Arc<dyn Catalog>) -> Outcome {
    change(catalog, [A, B].map(|id| Change::CreateAccount(account(id)))).await?;
    change(catalog, [Change::RenameAccount { account: A, title: "Ärger & Söhne".into() }]).await?;
    let renamed = Account { title: "Ärger & Söhne".into(), ..account(A) };
    assert_eq!(catalog.accounts().await?, [renamed, account(B)]);

    let nobody = Change::RenameAccount { account: AccountId(9), title: "nobody".into() };
    assert_conflict(&change(catalog, [nobody]).await);
    Ok(())
}

/// The first workspace becomes the account's default, and stays it.
pub async fn the_first_workspace_is_the_default(catalog: &Arc<dyn Catalog>) -> Outcome {
    change(catalog, [A, B].map(|id| Change::CreateAccount(account(id)))).await?;
    for token in ["wrkspc_first", "wrkspc_second"] {
        change(catalog, [Change::CreateWorkspace { account: A, workspace: workspace(token, 1) }]).await?;
    }
    let defaults: Vec<_> =
        catalog.accounts().await?.into_iter().map(|account| account.default_workspace).collect();
    assert_eq!(defaults, [Some("wrkspc_first".into()), None]);
    Ok(())
}

/// Workspaces come in the order of their creation, ties by token; a taken token is a conflict.
pub async fn workspaces_are_listed_by_creation(catalog: &Arc<dyn Catalog>) -> Outcome {
    let create = |token, us| Change::CreateWorkspace { account: A, workspace: workspace(token, us) };
    change(catalog, [create("b", 2), create("z", 1), create("a", 2)]).await?;
    let expected = [workspace("z", 1), workspace("a", 2), workspace("b", 2)];
    assert_eq!(catalog.workspaces(A).await?, expected);

    assert_conflict(&change(catalog, [create("a", 3)]).await);
    assert_eq!(catalog.workspaces(A).await?, expected);
    Ok(())
}

/// A new name is all that changes; a workspace that is not there is a conflict.
pub async fn workspaces_are_renamed(catalog: &Arc<dyn Catalog>) -> Outcome {
    for account in [A, B] {
        change(catalog, [Change::CreateWorkspace { account, workspace: workspace("w", 1) }]).await?;
    }
    let rename =
        |token: &str| Change::RenameWorkspace { account: A, token: token.into(), name: "new".into() };
    change(catalog, [rename("w")]).await?;
    assert_conflict(&change(catalog, [rename("missing")]).await);

    let mut renamed = workspace("w", 1);
    renamed.name = "new".into();
    assert_eq!(catalog.workspaces(A).await?, [renamed]);
    assert_eq!(catalog.workspaces(B).await?, [workspace("w", 1)]);
    Ok(())
}

/// Users come by id, removed ones with the time of their first removal.
pub async fn users_are_listed_also_when_removed(catalog: &Arc<dyn Catalog>) -> Outcome {
    let create = |id| Change::CreateUser { account: A, user: user(id) };
    change(catalog, [create(9), create(-1), create(i64::MAX)]).await?;
    assert_conflict(&change(catalog, [create(9)]).await);

    let remove = |id, us| Change::RemoveUser { account: A, id, at: at(us) };
    change(catalog, [remove(9, 50)]).await?;
    change(catalog, [remove(9, 60)]).await?;
    assert_conflict(&change(catalog, [remove(8, 50)]).await);

    let removed = User { removed_at: Some(at(50)), ..user(9) };
    assert_eq!(catalog.users(A).await?, [user(-1), removed, user(i64::MAX)]);
    Ok(())
}

/// Workspaces, users and tokens with the same names in two accounts have nothing to do with each other.
pub async fn names_of_accounts_are_apart(catalog: &Arc<dyn Catalog>) -> Outcome {
    let personal = TokenKind::Personal { user_id: 1 };
    for (account, secret) in [(A, "a"), (B, "b")] {
        let mut token = token(secret, 1, personal);
        token.id = "tkn_same".into();
        change(
            catalog,
            [
                Change::CreateWorkspace { account, workspace: workspace("w", 1) },
                Change::CreateUser { account, user: user(1) },
                Change::CreateToken { account, token },
            ],
        )
        .await?;
    }
    let before = (catalog.workspaces(B).await?, catalog.users(B).await?, catalog.tokens(B).await?);
    assert_eq!((before.0.len(), before.1.len(), before.2.len()), (1, 1, 1));
    change(
        catalog,
        [
            Change::RenameWorkspace { account: A, token: "w".into(), name: "new".into() },
            Change::RevokeToken { account: A, id: "tkn_same".into(), at: at(5) },
            Change::RemoveUser { account: A, id: 1, at: at(6) },
        ],
    )
    .await?;
    let after = (catalog.workspaces(B).await?, catalog.users(B).await?, catalog.tokens(B).await?);
    assert_eq!(after, before);

    let stranger = AccountId(9);
    assert!(catalog.workspaces(stranger).await?.is_empty());
    assert!(catalog.users(stranger).await?.is_empty());
    assert!(catalog.tokens(stranger).await?.is_empty());
    Ok(())
}

/// If the last of several changes conflicts, none of them is made.
pub async fn changes_are_all_or_nothing(catalog: &Arc<dyn Catalog>) -> Outcome {
    change(catalog, [Change::CreateAccount(account(A))]).await?;
    let create = Change::CreateWorkspace { account: A, workspace: workspace("w", 1) };
    let changes = [
        Change::RenameAccount { account: A, title: "new".into() },
        create.clone(),
        Change::CreateUser { account: A, user: user(1) },
        Change::CreateToken { account: A, token: token("t", 1, TokenKind::Service) },
        create,
    ];
    assert_conflict(&change(catalog, changes).await);
    assert_eq!(catalog.accounts().await?, [account(A)]);
    assert!(catalog.workspaces(A).await?.is_empty());
    assert!(catalog.users(A).await?.is_empty());
    assert!(catalog.tokens(A).await?.is_empty());
    Ok(())
}

/// A change that conflicts keeps the entries that tell of it out of the log.
pub async fn changes_go_with_their_entries(catalog: &Arc<dyn Catalog>) -> Outcome {
    let create = || Commit {
        appends: vec![append_to(&Tree::default(), A, &["created"])],
        changes: vec![Change::CreateAccount(account(A))],
    };
    catalog.commit(Arc::new(create())).await?;
    assert_conflict(&catalog.commit(Arc::new(create())).await);

    let taken = Commit {
        appends: vec![append_to(&catalog.tree(A).await?, A, &["created again"])],
        changes: vec![Change::CreateAccount(account(A))],
    };
    assert_conflict(&catalog.commit(Arc::new(taken)).await);
    assert_eq!(log(catalog, A).await?, ["created"]);
    assert_eq!(catalog.accounts().await?, [account(A)]);
    Ok(())
}
