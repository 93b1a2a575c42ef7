//! HTTP: all routes on one page, and what every answer has in common.
//!
//! A handler is four moves: who calls, what they ask for, one call of the [engine](crate::engine), the answer.

mod around;
mod audit_logs;
mod auth;
mod body;
mod docs;
mod erase;
mod error;
mod etag;
mod health;
mod links;
mod oauth;
mod only;
mod openapi;
mod proof;
mod rate_limit;
mod routes;
mod schema;
mod stats;
mod tlog;
mod workspaces;
mod wrap;

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, header},
    response::Response,
    routing::get,
};
use tower::{Service, ServiceBuilder};
use tower_http::{compression::CompressionLayer, cors::CorsLayer, decompression::RequestDecompressionLayer};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{around::Around, only::Only};
use crate::{config::Config, engine::Engine, limits, tlog::Signer};

/// What handlers share.
pub struct App {
    /// What does the work.
    pub engine: Engine,
    /// Who signs the logs.
    pub signer: Arc<Signer>,
    /// How the server was configured.
    pub config: Arc<Config>,
    rate_limits: rate_limit::RateLimits,
    bodies: body::Budget,
}

impl App {
    /// Serves `engine` as `config` says.
    pub fn new(engine: Engine, signer: Arc<Signer>, config: Arc<Config>) -> Self {
        let rate_limits = rate_limit::RateLimits::new(config.rate_limit.reads, config.rate_limit.writes);
        Self { engine, signer, config, rate_limits, bodies: body::Budget::new(limits::BODIES_BYTES_MAX) }
    }
}

/// The API and its description. Every handler under `/v2/` takes a [`Caller`](auth::Caller), whom `auth::Authenticate` lets in: a
/// route that it did not know would be closed to everybody.
fn api() -> (Router<Arc<App>>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(openapi::describe())
        .routes(routes!(audit_logs::list, audit_logs::record))
        .routes(routes!(stats::stats))
        .routes(routes!(erase::erase))
        .routes(routes!(audit_logs::get))
        .routes(routes!(proof::prove))
        .routes(routes!(workspaces::ping))
        .routes(routes!(workspaces::me))
        .routes(routes!(workspaces::list))
        .routes(routes!(workspaces::get))
        .routes(routes!(oauth::token))
        .split_for_parts()
}

/// Every route of the server, and what all of them have in common.
pub fn service(
    app: Arc<App>,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
    ServiceBuilder::new()
        .layer(Around(wrap::Wrap(Arc::clone(&app))))
        .layer(Only::those(|request| has(request, header::ACCEPT_ENCODING), CompressionLayer::new()))
        .layer(Only::those(may_be_of_another_page, cors()))
        .layer(Around(auth::Authenticate(Arc::clone(&app))))
        .layer(Only::those(
            |request| has(request, header::CONTENT_ENCODING),
            RequestDecompressionLayer::new().gzip(true).zstd(true),
        ))
        .service(router(app))
}

fn has(request: &Request, name: HeaderName) -> bool {
    request.headers().contains_key(name)
}

/// Browsers send `Origin` with what pages of other sites ask for. Tiles say in every answer that any page may read them: a cache
/// in between gives the same one to all.
fn may_be_of_another_page(request: &Request) -> bool {
    let under = |prefix| request.uri().path().starts_with(prefix);
    under("/tlog/") || (has(request, header::ORIGIN) && (under("/v2/") || under("/oauth/")))
}

fn router(app: Arc<App>) -> Router {
    let (api, document) = api();
    let document = Arc::new(openapi::complete(document));
    let logs = Router::new()
        .route("/tlog/{account}/checkpoint", get(tlog::checkpoint))
        .route("/tlog/{account}/tile/{*path}", get(tlog::tile));
    let operations = Router::new()
        .route("/", get(docs::home))
        .route("/docs", get(docs::page))
        .route("/openapi.json", get(docs::document))
        .layer(axum::Extension(document))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics));
    api.merge(logs)
        .merge(operations)
        .method_not_allowed_fallback(error::method_not_allowed)
        .fallback(error::not_found)
        .with_state(app)
}

/// Browsers may call the API from any page: there are no cookies, so a page can do only what its bearer token may.
fn cors() -> CorsLayer {
    use axum::http::Method;
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(tower_http::cors::Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
            header::IF_NONE_MATCH,
            name("idempotency-key"),
            name("prefer"),
            name("x-request-id"),
        ])
        .expose_headers([
            header::ETAG,
            header::RETRY_AFTER,
            header::LOCATION,
            name("idempotency-replayed"),
            name("x-rate-limit-limit"),
            name("x-rate-limit-remaining"),
            name("x-rate-limit-reset"),
            name("x-request-id"),
        ])
        .max_age(std::time::Duration::from_hours(24))
}
