//! `/tlog/<account>/…`: a log as anybody may mirror and verify it (c2sp.org/tlog-tiles). There is nothing personal in it.

use std::sync::Arc;

use annals_store::{Account, Role, Scope};
use annals_tlog::tile::Resource;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{App, auth, error::ApiError};

/// A tile never changes: whoever has it need not ask again.
const FOR_EVER: &str = "max-age=31536000, immutable";

/// A checkpoint is followed by the next one a second later.
const NOT_AT_ALL: &str = "no-cache";

/// The last signed checkpoint.
pub(super) async fn checkpoint(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let account = admit(&app, &account, &headers).await?;
    let signed = app.signer.published(account.id).ok_or_else(|| {
        ApiError::new(StatusCode::NOT_FOUND, "no checkpoint of the log has been signed yet").retry_after(1)
    })?;
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((kind, caching(&account, NOT_AT_ALL), signed.note.clone()).into_response())
}

/// A tile of the tree, or a bundle of its leaves, as far as the last checkpoint goes.
pub(super) async fn tile(
    State(app): State<Arc<App>>,
    Path((account, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let account = admit(&app, &account, &headers).await?;
    let resource: Resource = format!("tile/{path}").parse().map_err(|_| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "there is no such tile: paths are tile/<L>/<N>[.p/<W>] and tile/entries/<N>[.p/<W>]",
        )
    })?;
    let tile = match &resource {
        Resource::Tile(tile) => *tile,
        Resource::Entries(bundle) => bundle.tile(),
    };
    let size = app.signer.published(account.id).map_or(0, |signed| signed.size);
    if !tile.fits(size) {
        let sentence = format!("the tree of the last checkpoint, of {size} entries, has no such tile");
        return Err(ApiError::new(StatusCode::NOT_FOUND, sentence));
    }
    let bytes = match resource {
        Resource::Tile(tile) => app.engine.tiles.tile(account.id, tile).await?,
        Resource::Entries(bundle) => {
            app.engine.tiles.entries(account.id, bundle).await?.ok_or_else(|| {
                ApiError::new(
                    StatusCode::GONE,
                    "some of these entries are no longer kept; their hashes are in the tile",
                )
            })?
        }
    };
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    Ok((kind, caching(&account, FOR_EVER), bytes).into_response())
}

/// The account of this token, if its log is public or the caller may read it.
async fn admit(app: &App, token: &str, headers: &HeaderMap) -> Result<Account, ApiError> {
    let account = app.engine.accounts.find(token).await?;
    if let Some(account) = account.as_ref().filter(|account| account.log_public) {
        return Ok(account.clone());
    }
    // Who has no token does not learn which logs there are.
    let caller = auth::identify(app, headers, app.engine.clock.now()).await?;
    let Some(account) = account.filter(|account| account.id == caller.account()) else {
        return Err(ApiError::new(StatusCode::NOT_FOUND, format!("Log {} not found.", shown(token))));
    };
    caller.needs_scope(Scope::Read)?;
    caller.needs_role(Role::Owner)?;
    Ok(account)
}

/// What a client sent, short enough to be sent back.
fn shown(token: &str) -> &str {
    token.get(..token.floor_char_boundary(64)).unwrap_or_default()
}

fn caching(account: &Account, how: &str) -> [(header::HeaderName, String); 1] {
    let whose = if account.log_public { "public" } else { "private" };
    [(header::CACHE_CONTROL, format!("{whose}, {how}"))]
}
