//! Every call to the catalog broken in every way: an administration takes place whole or not at all, and says which.

use annals_store::{Fault, Faulty};

use super::*;

/// One of everything. Stops at the first error.
async fn scenario(admin: &Admin<'_>) -> Result<(), AdministerError> {
    let account = create_account(admin, "Acme").await?.id;
    rename_account(admin, account, "Acme Corp.").await?;
    let workspace = create_workspace(admin, account, "Finance").await?.token;
    rename_workspace(admin, account, &workspace, "FinOps").await?;
    let user = create_user(admin, account, "Grace", Role::Owner).await?.id;
    create_token(admin, account, &personal("laptop", user)).await?;
    let (robot, _) = create_token(admin, account, &service("robot", Role::Editor)).await?;
    revoke_token(admin, account, &robot.id).await?;
    remove_user(admin, account, user).await?;
    Ok(())
}

/// How many of the scenario's steps have taken place, as the tables have it.
async fn steps_in_tables(catalog: &dyn Catalog) -> usize {
    let account = AccountId(1);
    let accounts = catalog.accounts().await.expect("accounts");
    let workspaces = catalog.workspaces(account).await.expect("workspaces");
    let users = catalog.users(account).await.expect("users");
    let tokens = catalog.tokens(account).await.expect("tokens");
    let revoked = tokens.iter().any(|token| token.name == "robot" && token.revoked_at.is_some());
    [
        accounts.len(),
        accounts.iter().filter(|account| account.title == "Acme Corp.").count(),
        workspaces.len(),
        workspaces.iter().filter(|workspace| workspace.name == "FinOps").count(),
        users.len(),
        tokens.len(),
        usize::from(revoked),
        users.iter().filter(|user| user.removed_at.is_some()).count(),
    ]
    .into_iter()
    .sum()
}

#[tokio::test]
async fn an_administration_is_whole_or_not_there() {
    let clock = clock();
    let unbroken = Faulty::new(Arc::new(Memory::new()));
    scenario(&ada(&unbroken, &clock)).await.expect("done");
    let calls = unbroken.calls();
    assert_eq!(steps_in_tables(&unbroken).await, 9);
    let mut unknown = 0;
    for call in 0..calls {
        for fault in [Fault::Before, Fault::After, Fault::Lost] {
            let inner: Arc<dyn Catalog> = Arc::new(Memory::new());
            let broken = Faulty::new(Arc::clone(&inner));
            broken.fail_at(call, fault);
            let error = scenario(&ada(&broken, &clock)).await.expect_err("a broken call is an error");
            let entries = log(&*inner, AccountId(1)).await.len();
            assert_eq!(steps_in_tables(&*inner).await, entries, "call {call}, {fault:?}: {error}");
            match error {
                AdministerError::OutcomeUnknown(_) => unknown += 1,
                AdministerError::Unavailable(_) | AdministerError::Unreadable(_) => {}
                other => panic!("call {call}, {fault:?}: {other}"),
            }
        }
    }
    assert_eq!(unknown, 9 * 2, "each commit has two ways to end unknown");
}
