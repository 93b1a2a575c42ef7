//! What is refused, and that a refusal changes nothing.

use annals_store::Scopes;

use super::*;
use crate::limits::TITLE_BYTES_MAX;

#[tokio::test]
async fn texts_have_to_be_there_and_to_fit() {
    let catalog = Memory::new();
    let clock = clock();
    let admin = ada(&catalog, &clock);
    let longest = "ü".repeat(TITLE_BYTES_MAX / 2);
    let account = create_account(&admin, &longest).await.expect("as long as may be").id;
    let user = create_user(&admin, account, &longest, Role::Owner).await.expect("as long as may be").id;
    for text in ["", " \t\n", &(longest + "!")] {
        let refused = [
            create_account(&admin, text).await.err(),
            rename_account(&admin, account, text).await.err(),
            create_workspace(&admin, account, text).await.err(),
            rename_workspace(&admin, account, "wrkspc_1", text).await.err(),
            create_user(&admin, account, text, Role::Viewer).await.err(),
            create_token(&admin, account, &service(text, Role::Owner)).await.err(),
            create_token(&admin, account, &personal(text, user)).await.err(),
        ];
        for error in refused {
            let expected =
                matches!(error, Some(AdministerError::Empty { .. } | AdministerError::TooLong { .. }));
            assert!(expected, "{error:?}");
        }
    }
    assert_eq!(catalog.accounts().await.expect("accounts").len(), 1);
    assert_eq!(log(&catalog, account).await.len(), 2);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    for (catalog, _directory) in engines() {
        let clock = clock();
        let admin = ada(&*catalog, &clock);
        let account = create_account(&admin, "Acme").await.expect("created").id;
        let other = create_account(&admin, "Other").await.expect("created").id;
        let theirs = create_workspace(&admin, other, "Finance").await.expect("created").token;
        let user = create_user(&admin, other, "Grace", Role::Owner).await.expect("created").id;
        let (token, _) = create_token(&admin, other, &personal("laptop", user)).await.expect("created");
        // What another account has is not there either.
        let sentences = [
            (rename_workspace(&admin, account, &theirs, "x").await.err(), theirs.clone()),
            (rename_workspace(&admin, account, "wrkspc_0", "x").await.err(), "wrkspc_0".to_owned()),
            (remove_user(&admin, account, user).await.err(), "user 1".to_owned()),
            (remove_user(&admin, account, -1).await.err(), "user -1".to_owned()),
            (revoke_token(&admin, account, &token.id).await.err(), token.id.clone()),
            (revoke_token(&admin, account, "").await.err(), "\"\"".to_owned()),
            (create_token(&admin, account, &personal("x", user)).await.err(), "user 1".to_owned()),
            (create_workspace(&admin, AccountId(9), "x").await.err(), "no account".to_owned()),
            (rename_account(&admin, AccountId(9), "x").await.err(), "no account".to_owned()),
        ];
        for (error, part) in sentences {
            let sentence = error.expect("refused").to_string();
            assert!(sentence.contains(&part), "{sentence} says {part}");
        }
        assert_eq!(log(&*catalog, account).await.len(), 1);
        assert_eq!(log(&*catalog, AccountId(9)).await.len(), 0);
        let unknown =
            find_secret(&admin, &crate::identity::Secret::mint(annals_store::TokenKind::Service)).await;
        assert!(matches!(unknown, Err(AdministerError::UnknownSecret)));
    }
}

#[tokio::test]
async fn nobody_gets_more_than_their_user_may() {
    let catalog = Memory::new();
    let clock = clock();
    let admin = ada(&catalog, &clock);
    let account = create_account(&admin, "Acme").await.expect("created").id;
    let user = create_user(&admin, account, "Grace", Role::Editor).await.expect("created").id;
    let asked = TokenRequest { role: Some(Role::Owner), ..personal("laptop", user) };
    let error = create_token(&admin, account, &asked).await.expect_err("too high").to_string();
    assert_eq!(error, "a token of user 1 has at most the role editor, not owner");
    remove_user(&admin, account, user).await.expect("removed");
    let error = create_token(&admin, account, &personal("laptop", user)).await.expect_err("gone").to_string();
    assert_eq!(error, "user 1 was removed at 2026-03-04T09:30:00Z");
    let nothing = TokenRequest { scopes: Scopes::default(), ..service("robot", Role::Owner) };
    assert!(matches!(create_token(&admin, account, &nothing).await, Err(AdministerError::NoScope)));
    let past = TokenRequest { expires_at: Some(clock.now()), ..service("robot", Role::Owner) };
    assert!(matches!(create_token(&admin, account, &past).await, Err(AdministerError::Expired { .. })));
    assert_eq!(log(&catalog, account).await.len(), 3);
    assert!(catalog.tokens(account).await.expect("tokens").is_empty());
}

#[tokio::test]
async fn accounts_are_found_by_what_people_call_them() {
    let catalog = Memory::new();
    let clock = clock();
    let admin = ada(&catalog, &clock);
    let find = async |named| find_account(&admin, named).await.map(|account| account.id);
    assert!(matches!(find(None).await, Err(AdministerError::NoAccount)));
    assert!(matches!(find(Some("Acme")).await, Err(AdministerError::NoAccount)));

    let acme = create_account(&admin, "Acme").await.expect("created");
    assert_eq!(find(None).await.expect("the only one"), acme.id);
    assert_eq!(find(Some("Acme")).await.expect("by title"), acme.id);
    assert_eq!(find(Some(&acme.token)).await.expect("by token"), acme.id);
    let error = find(Some("acme")).await.expect_err("another title").to_string();
    assert_eq!(error, format!("no account has the token or title \"acme\"; there are {} (Acme)", acme.token));

    let twin = create_account(&admin, "Acme").await.expect("created");
    assert!(matches!(find(None).await, Err(AdministerError::AccountNotNamed { .. })));
    let error = find(Some("Acme")).await.expect_err("two of them").to_string();
    assert!(error.contains(&acme.token) && error.contains(&twin.token), "{error}");
    // A title that passes for a token does not win over the token.
    create_account(&admin, &twin.token).await.expect("created");
    assert_eq!(find(Some(&twin.token)).await.expect("by token"), twin.id);
    for _ in 3..12 {
        create_account(&admin, "Acme").await.expect("created");
    }
    let error = find(None).await.expect_err("many").to_string();
    assert!(error.ends_with("and 2 more"), "{error}");
}
