//! How access tokens and grants live and end.

use std::sync::Arc;

use super::Outcome;
use super::support::{A, B, assert_conflict, at, change, grant, hash, token, user};
use crate::catalog::{Catalog, Change, CommitError, Use};
use crate::model::{AccessToken, AccountId, Identity, Role, Scope, Scopes, TokenKind};

const PERSONAL: TokenKind = TokenKind::Personal { user_id: 1 };

async fn create(
    catalog: &Arc<dyn Catalog>,
    account: AccountId,
    token: AccessToken,
) -> Result<(), CommitError> {
    change(catalog, [Change::CreateToken { account, token }]).await
}

async fn revoke(
    catalog: &Arc<dyn Catalog>,
    account: AccountId,
    id: &str,
    us: i64,
) -> Result<(), CommitError> {
    change(catalog, [Change::RevokeToken { account, id: id.into(), at: at(us) }]).await
}

/// Tokens come by number, ties by id, with every field as it was given.
pub async fn tokens_are_listed_by_number(catalog: &Arc<dyn Catalog>) -> Outcome {
    let full = AccessToken {
        scopes: Scope::ALL.into_iter().collect(),
        role: Role::Viewer,
        expires_at: Some(at(100)),
        revoked_at: Some(at(101)),
        last_used_at: Some(at(102)),
        ..token("full", 2, PERSONAL)
    };
    let bare = AccessToken { scopes: Scopes::default(), ..token("bare", 1, TokenKind::Service) };
    let (x, y) = (token("x", 1, PERSONAL), token("y", i64::MIN, TokenKind::Service));
    for token in [&full, &x, &bare, &y] {
        create(catalog, A, token.clone()).await?;
    }
    assert_eq!(catalog.tokens(A).await?, [y, bare, x, full]);
    Ok(())
}

/// An id is taken in its account, a hash everywhere; a grant is no token that a commit creates.
pub async fn a_taken_token_is_a_conflict(catalog: &Arc<dyn Catalog>) -> Outcome {
    let first = token("first", 1, TokenKind::Service);
    create(catalog, A, first.clone()).await?;

    let same_id = AccessToken { hash: hash("other"), ..first.clone() };
    assert_conflict(&create(catalog, A, same_id.clone()).await);
    let same_hash = AccessToken { id: "tkn_other".into(), ..first.clone() };
    for account in [A, B] {
        assert_conflict(&create(catalog, account, same_hash.clone()).await);
    }
    let refused = create(catalog, A, grant("first", "secret", 9)).await;
    assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
    assert_eq!(catalog.tokens(A).await?, [first]);
    assert!(catalog.tokens(B).await?.is_empty());

    create(catalog, B, same_id).await?;
    Ok(())
}

/// A hash leads to its account and token, whether or not the token still works.
pub async fn a_token_is_identified_by_its_hash(catalog: &Arc<dyn Catalog>) -> Outcome {
    let mine = AccessToken { expires_at: Some(at(0)), ..token("mine", 1, PERSONAL) };
    let yours = token("yours", 1, TokenKind::Service);
    create(catalog, A, mine.clone()).await?;
    create(catalog, B, yours.clone()).await?;

    assert_eq!(catalog.identify(&mine.hash).await?, Some(Identity { account: A, token: mine }));
    assert_eq!(catalog.identify(&yours.hash).await?, Some(Identity { account: B, token: yours }));
    assert_eq!(catalog.identify(&hash("nobody's")).await?, None);
    Ok(())
}

/// The first revocation counts, a second one changes nothing, and one of a token that is not there is a conflict.
pub async fn a_token_is_revoked_once(catalog: &Arc<dyn Catalog>) -> Outcome {
    let one = token("one", 1, TokenKind::Service);
    create(catalog, A, one.clone()).await?;
    for us in [50, 40, 60] {
        revoke(catalog, A, &one.id, us).await?;
        let identity = catalog.identify(&one.hash).await?;
        assert_eq!(identity.and_then(|identity| identity.token.revoked_at), Some(at(50)));
    }
    assert_conflict(&revoke(catalog, A, "tkn_missing", 50).await);
    assert_conflict(&revoke(catalog, B, &one.id, 50).await);
    Ok(())
}

/// With a user end the user's personal tokens, and no others; those revoked before keep their time.
pub async fn the_tokens_of_a_removed_user_end(catalog: &Arc<dyn Catalog>) -> Outcome {
    let other = TokenKind::Personal { user_id: 2 };
    for (word, number, kind) in [
        ("early", 1, PERSONAL),
        ("late", 1, PERSONAL),
        ("other", 2, other),
        // A service token may have any number.
        ("service", 1, TokenKind::Service),
    ] {
        create(catalog, A, token(word, number, kind)).await?;
    }
    change(catalog, [1, 2].map(|id| Change::CreateUser { account: A, user: user(id) })).await?;
    revoke(catalog, A, "tkn_early", 10).await?;
    change(catalog, [Change::RemoveUser { account: A, id: 1, at: at(20) }]).await?;

    for (word, revoked) in [("early", Some(10)), ("late", Some(20)), ("other", None), ("service", None)] {
        let identity = catalog.identify(&hash(word)).await?;
        let revoked_at = identity.ok_or("the token is gone")?.token.revoked_at;
        assert_eq!(revoked_at, revoked.map(at), "{word}");
    }
    Ok(())
}

/// A grant has its own hash, scopes and expiry, but is revoked and used as the token it was issued for.
pub async fn a_grant_ends_with_its_token(catalog: &Arc<dyn Catalog>) -> Outcome {
    let parent = token("parent", 7, TokenKind::Service);
    create(catalog, A, parent.clone()).await?;
    let granted = grant("parent", "secret", 100);
    catalog.grant(A, granted.clone()).await?;

    let identity = |token| Some(Identity { account: A, token });
    assert_eq!(catalog.identify(&granted.hash).await?, identity(granted.clone()));
    assert_eq!(catalog.identify(&parent.hash).await?, identity(parent.clone()));
    assert_eq!(catalog.tokens(A).await?, std::slice::from_ref(&parent), "a grant is in no list");

    catalog.touch(vec![Use { account: A, id: parent.id.clone(), at: at(40) }]).await?;
    revoke(catalog, A, &parent.id, 50).await?;
    let ended = AccessToken { last_used_at: Some(at(40)), revoked_at: Some(at(50)), ..granted.clone() };
    assert_eq!(catalog.identify(&granted.hash).await?, identity(ended));
    Ok(())
}

/// A grant needs a token of the same account, a hash that is free, and to be one.
pub async fn a_grant_is_issued_for_a_token(catalog: &Arc<dyn Catalog>) -> Outcome {
    create(catalog, A, token("parent", 7, TokenKind::Service)).await?;
    assert_conflict(&catalog.grant(B, grant("parent", "secret", 9)).await);
    assert_conflict(&catalog.grant(A, grant("missing", "secret", 9)).await);
    assert_eq!(catalog.identify(&hash("secret")).await?, None);

    catalog.grant(A, grant("parent", "secret", 9)).await?;
    assert_conflict(&catalog.grant(A, grant("parent", "secret", 10)).await);
    catalog.grant(A, grant("parent", "another secret", 9)).await?;

    let refused = catalog.grant(A, token("parent", 7, TokenKind::Service)).await;
    assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
    Ok(())
}

/// Grants that expired before an instant are forgotten, others and tokens are not.
pub async fn expired_grants_are_forgotten(catalog: &Arc<dyn Catalog>) -> Outcome {
    let parent = AccessToken { expires_at: Some(at(1)), ..token("parent", 7, TokenKind::Service) };
    create(catalog, A, parent.clone()).await?;
    for (secret, expires_us) in [("old", 9), ("new", 10)] {
        catalog.grant(A, grant("parent", secret, expires_us)).await?;
    }
    assert_eq!(catalog.forget(at(0), at(10)).await?, 1);
    assert_eq!(catalog.forget(at(0), at(10)).await?, 0);
    assert_eq!(catalog.identify(&hash("old")).await?, None);
    assert!(catalog.identify(&hash("new")).await?.is_some());
    assert!(catalog.identify(&parent.hash).await?.is_some());
    Ok(())
}

/// The latest use counts, in whatever order they are told; a token that is not there is passed over.
pub async fn a_use_never_moves_backwards(catalog: &Arc<dyn Catalog>) -> Outcome {
    for account in [A, B] {
        let mut token = token(&format!("of {}", account.0), 1, TokenKind::Service);
        token.id = "tkn_same".into();
        create(catalog, account, token).await?;
    }
    let used = |account, us| Use { account, id: "tkn_same".into(), at: at(us) };
    for (uses, expected) in [
        (vec![], None),
        (vec![used(A, 20)], Some(20)),
        (vec![used(A, 10)], Some(20)),
        (vec![used(AccountId(9), 90), used(A, 40), used(A, 30)], Some(40)),
    ] {
        catalog.touch(uses).await?;
        let last: Vec<_> = catalog.tokens(A).await?.into_iter().map(|token| token.last_used_at).collect();
        assert_eq!(last, [expected.map(at)]);
    }
    assert!(catalog.tokens(B).await?.iter().all(|token| token.last_used_at.is_none()));
    Ok(())
}
