//! What each administration leaves in the log.

use annals_store::TokenKind;
use serde_json::json;

use super::*;

/// Checks the newest entry but for what is random, and that there are `size` of them.
async fn newest(admin: &Admin<'_>, account: AccountId, size: usize, expected: Value) {
    let log = log(admin.catalog, account).await;
    assert_eq!(log.len(), size, "{log:#?}");
    let newest = log.last().expect("an entry");
    let members = expected.as_object().expect("an object");
    for (name, value) in members {
        assert_eq!(&newest[name], value, "{name} of {newest:#}");
    }
    assert_eq!(
        (&newest["source"], &newest["user"], &newest["user_id"], &newest["context"]),
        (&json!("cli"), &json!("ada@build-1"), &Value::Null, &json!({})),
        "{newest:#}"
    );
    assert_eq!(newest["created_at"], "2026-03-04T09:30:00Z");
}

#[tokio::test]
async fn accounts_and_workspaces() {
    for (catalog, _directory) in engines() {
        let clock = clock();
        let admin = ada(&*catalog, &clock);
        let account = create_account(&admin, "Acme").await.expect("created");
        assert_eq!((account.id, account.created_at), (AccountId(1), clock.now()));
        assert!(account.token.starts_with("acct_") && account.token.len() == 21, "{}", account.token);
        let created = json!({
            "event": "record_created", "object_type": "Account", "object_token": account.token,
            "object_title": "Acme", "workspace_token": null,
            "changed_values": {"title": [null, "Acme"]}, "unchanged_values": {},
        });
        newest(&admin, account.id, 1, created).await;

        rename_account(&admin, account.id, "Acme Corp.").await.expect("renamed");
        let renamed = json!({
            "event": "record_updated", "object_type": "Account", "object_token": account.token,
            "object_title": "Acme Corp.", "changed_values": {"title": ["Acme", "Acme Corp."]},
        });
        newest(&admin, account.id, 2, renamed.clone()).await;
        rename_account(&admin, account.id, "Acme Corp.").await.expect("so already");
        newest(&admin, account.id, 2, renamed).await;

        let workspace = create_workspace(&admin, account.id, "Finance").await.expect("created");
        let created = json!({
            "event": "record_created", "object_type": "Workspace", "object_token": workspace.token,
            "object_title": "Finance", "workspace_token": workspace.token, "workspace_title": "Finance",
            "changed_values": {"name": [null, "Finance"]},
        });
        newest(&admin, account.id, 3, created).await;
        rename_workspace(&admin, account.id, &workspace.token, "FinOps").await.expect("renamed");
        let renamed = json!({
            "event": "record_updated", "object_title": "FinOps", "workspace_title": "FinOps",
            "changed_values": {"name": ["Finance", "FinOps"]},
        });
        newest(&admin, account.id, 4, renamed).await;

        let accounts = catalog.accounts().await.expect("accounts");
        assert_eq!(accounts.len(), 1);
        assert_eq!(accounts[0].title, "Acme Corp.");
        assert_eq!(accounts[0].default_workspace.as_deref(), Some(workspace.token.as_str()));
        let workspaces = catalog.workspaces(account.id).await.expect("workspaces");
        assert_eq!(workspaces.iter().map(|known| known.name.as_str()).collect::<Vec<_>>(), ["FinOps"]);

        let other = create_account(&admin, "Acme Corp.").await.expect("the same title is no conflict");
        assert_eq!(other.id, AccountId(2));
        assert_eq!(log(&*catalog, other.id).await.len(), 1);
        assert_eq!(log(&*catalog, account.id).await.len(), 4);
    }
}

#[tokio::test]
async fn users_and_access_tokens() {
    for (catalog, _directory) in engines() {
        let clock = clock();
        let admin = ada(&*catalog, &clock);
        let account = create_account(&admin, "Acme").await.expect("created").id;
        let user = create_user(&admin, account, "Grace", Role::Editor).await.expect("created");
        assert_eq!(user.id, 1);
        let created = json!({
            "event": "record_created", "object_type": "User", "object_token": "user_1", "object_title": "Grace",
            "changed_values": {"id": [null, 1], "name": [null, "Grace"], "role": [null, "editor"]},
        });
        newest(&admin, account, 2, created).await;

        let (mine, _) = create_token(&admin, account, &personal("laptop", user.id)).await.expect("created");
        assert_eq!((mine.number, mine.role), (user.id, Role::Editor));
        assert_eq!(mine.kind, TokenKind::Personal { user_id: user.id });
        let expires_at = Some(at("2027-01-01T00:00:00Z"));
        let request = TokenRequest { expires_at, ..service("exporter", Role::Owner) };
        let (robot, _) = create_token(&admin, account, &request).await.expect("created");
        assert_eq!((robot.number, robot.role, robot.kind), (2, Role::Owner, TokenKind::Service));
        assert!(robot.id.starts_with("tkn_") && robot.id.len() == 20, "{}", robot.id);
        let created = json!({
            "event": "record_created", "object_type": "AccessToken", "object_token": robot.id,
            "object_title": "exporter",
            "changed_values": {
                "name": [null, "exporter"], "number": [null, 2], "kind": [null, "service"],
                "scopes": [null, ["read", "write", "import", "admin"]], "role": [null, "owner"],
                "expires_at": [null, "2027-01-01T00:00:00Z"],
            },
            "unchanged_values": {"user_id": null},
        });
        newest(&admin, account, 4, created).await;

        let revoked = revoke_token(&admin, account, &robot.id).await.expect("revoked");
        assert_eq!(revoked.revoked_at, Some(clock.now()));
        let ended = json!({
            "event": "record_destroyed", "object_token": robot.id,
            "changed_values": {
                "name": ["exporter", null], "number": [2, null], "kind": ["service", null],
                "scopes": [["read", "write", "import", "admin"], null], "role": ["owner", null],
                "expires_at": ["2027-01-01T00:00:00Z", null],
            },
        });
        newest(&admin, account, 5, ended.clone()).await;
        let later = Still(at("2026-03-05T00:00:00Z"));
        let again = revoke_token(&ada(&*catalog, &later), account, &robot.id).await.expect("so already");
        assert_eq!(again, revoked);
        newest(&admin, account, 5, ended).await;

        let removed = remove_user(&admin, account, user.id).await.expect("removed");
        let gone = json!({
            "event": "record_destroyed", "object_type": "User", "object_token": "user_1",
            "changed_values": {
                "id": [1, null], "name": ["Grace", null], "role": ["editor", null], "access_tokens": [[mine.id], null],
            },
        });
        newest(&admin, account, 6, gone).await;
        assert_eq!(
            remove_user(&ada(&*catalog, &later), account, user.id).await.expect("so already"),
            removed
        );
        assert_eq!(log(&*catalog, account).await.len(), 6);
        let tokens = catalog.tokens(account).await.expect("tokens");
        assert!(tokens.iter().all(|token| token.revoked_at == Some(clock.now())), "{tokens:?}");
        let next =
            create_user(&admin, account, "Grace", Role::Owner).await.expect("the same name is no conflict");
        assert_eq!(next.id, 3, "ids are not given again");
    }
}

#[tokio::test]
async fn the_role_that_nobody_asked_for_is_the_least() {
    let catalog = Memory::new();
    let clock = clock();
    let admin = ada(&catalog, &clock);
    let account = create_account(&admin, "Acme").await.expect("created").id;
    let request = TokenRequest { role: None, ..service("robot", Role::Owner) };
    assert_eq!(create_token(&admin, account, &request).await.expect("created").0.role, Role::Viewer);
    let user = create_user(&admin, account, "Grace", Role::Owner).await.expect("created").id;
    let request = TokenRequest { role: Some(Role::Editor), ..personal("laptop", user) };
    assert_eq!(create_token(&admin, account, &request).await.expect("created").0.role, Role::Editor);
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_take_the_log_along() {
    let catalog = Memory::new();
    let account = create_account(&ada(&catalog, &clock()), "Acme").await.expect("created").id;
    let earlier = Still(at("2020-01-01T00:00:00Z"));
    let workspace = create_workspace(&ada(&catalog, &earlier), account, "Finance").await.expect("created");
    assert_eq!(workspace.created_at, clock().now());
    assert_eq!(log(&catalog, account).await.len(), 2);
}

#[tokio::test]
async fn secrets_work_and_are_nowhere_to_be_found() {
    let (catalog, directory) = sqlite();
    let clock = clock();
    let admin = ada(&*catalog, &clock);
    let account = create_account(&admin, "Acme").await.expect("created").id;
    let user = create_user(&admin, account, "Grace", Role::Owner).await.expect("created").id;
    let mut secrets = Vec::new();
    for request in [service("robot", Role::Owner), personal("laptop", user)] {
        let (token, secret) = create_token(&admin, account, &request).await.expect("created");
        let found = find_secret(&admin, &secret).await.expect("found");
        assert_eq!((found.account, &found.token), (account, &token));
        assert!(!format!("{token:?}").contains(secret.reveal()));
        secrets.push((token, secret));
    }
    revoke_token(&admin, account, &secrets[0].0.id).await.expect("revoked");
    remove_user(&admin, account, user).await.expect("removed");

    let entries = catalog.entries(account, 0..u64::MAX, usize::MAX).await.expect("entries");
    let mut stored: Vec<Vec<u8>> = entries.into_iter().map(|entry| entry.row).collect();
    let rows = stored.len();
    for file in std::fs::read_dir(directory.path()).expect("a directory") {
        stored.push(std::fs::read(file.expect("a file").path()).expect("its bytes"));
    }
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    for (token, secret) in &secrets {
        let random = secret.reveal().rsplit('_').next().expect("its digits");
        let hash = token.hash.map(|byte| format!("{byte:02x}")).concat();
        for (at, bytes) in stored.iter().enumerate() {
            assert!(!holds(bytes, random.as_bytes()), "the secret is in part {at}");
            assert!(!holds(bytes, &random.as_bytes()[..20]), "half of the secret is in part {at}");
            assert!(at >= rows || !holds(bytes, &token.hash), "the hash is in row {at}");
            assert!(!holds(bytes, hash.as_bytes()), "the hash is spelt out in part {at}");
        }
        assert!(
            stored.iter().any(|bytes| holds(bytes, token.id.as_bytes())),
            "the search finds nothing at all"
        );
    }
}
