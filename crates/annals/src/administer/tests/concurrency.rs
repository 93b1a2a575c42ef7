//! Many administrators at once, also beside a server that is busy recording.

use std::collections::BTreeSet;

use super::*;

/// What one administrator does, in an account of their own and in one that all share.
async fn administer_a_lot(catalog: &dyn Catalog, shared: AccountId, task: usize) {
    let clock = clock();
    let admin = ada(catalog, &clock);
    let own = create_account(&admin, &format!("Account {task}")).await.expect("created").id;
    create_workspace(&admin, own, "Home").await.expect("created");
    for turn in 0..4 {
        let name = format!("{task}.{turn}");
        let workspace = create_workspace(&admin, shared, &name).await.expect("created").token;
        rename_workspace(&admin, shared, &workspace, &format!("renamed {name}")).await.expect("renamed");
        let user = create_user(&admin, shared, &name, Role::Owner).await.expect("created").id;
        create_token(&admin, shared, &personal(&name, user)).await.expect("created");
        let (robot, _) = create_token(&admin, shared, &service(&name, Role::Editor)).await.expect("created");
        revoke_token(&admin, shared, &robot.id).await.expect("revoked");
        remove_user(&admin, shared, user).await.expect("removed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_at_once_lose_nothing() {
    for (catalog, _directory) in engines() {
        let shared = create_account(&ada(&*catalog, &clock()), "Shared").await.expect("created").id;
        let tasks = (0..8).map(|task| {
            let catalog = Arc::clone(&catalog);
            tokio::spawn(async move { administer_a_lot(&*catalog, shared, task).await })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("done");
        }

        let accounts = catalog.accounts().await.expect("accounts");
        let ids: Vec<u32> = accounts.iter().map(|account| account.id.0).collect();
        assert_eq!(ids, (1..=9).collect::<Vec<_>>());
        for account in &accounts[1..] {
            assert_eq!(log(&*catalog, account.id).await.len(), 2);
            assert!(account.default_workspace.is_some());
        }
        assert_eq!(log(&*catalog, shared).await.len(), 1 + 8 * 4 * 7);
        let workspaces = catalog.workspaces(shared).await.expect("workspaces");
        assert_eq!(workspaces.iter().filter(|known| known.name.starts_with("renamed ")).count(), 32);
        let users = catalog.users(shared).await.expect("users");
        assert!(users.len() == 32 && users.iter().all(|user| user.removed_at.is_some()));
        let tokens = catalog.tokens(shared).await.expect("tokens");
        assert!(tokens.len() == 64 && tokens.iter().all(|token| token.revoked_at.is_some()));
        let numbers: BTreeSet<i64> = tokens.iter().map(|token| token.number).collect();
        assert_eq!(numbers, (1..=64).collect(), "users and service tokens share one sequence");
    }
}
