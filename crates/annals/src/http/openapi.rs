//! The OpenAPI document, but for its paths, which come from the handlers.

use utoipa::{
    Modify, OpenApi,
    openapi::schema::{AllOfBuilder, AnyOfBuilder, ObjectBuilder},
    openapi::security::{
        ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes, SecurityScheme,
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "annals",
        description = "An audit-log server: records who changed what, and lets people read, search and prove it. \
                       The paths under /v2 that read are compatible with version 2 of Vantage's public API.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "Audit logs", description = "Recording and reading"),
        (name = "Account", description = "Who is calling, and where events belong"),
    ),
    security(("bearer" = []), ("oauth2" = [])),
    modifiers(&Security),
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A personal or service access token"))
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let scopes = Scopes::from_iter([
            ("read", "Read"),
            ("write", "Record events"),
            ("import", "Record history with its tokens and workspaces"),
        ]);
        let flow = Flow::ClientCredentials(ClientCredentials::new("/oauth/token", scopes));
        components.add_security_scheme("oauth2", SecurityScheme::OAuth2(OAuth2::new([flow])));
    }
}

/// Says of the shape `Event` what a struct cannot: `event` or `action` must be there.
pub(super) fn complete(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let components = document.components.get_or_insert_default();
    if let Some(fields) = components.schemas.remove("Event") {
        let with = |field| ObjectBuilder::new().required(field);
        let one = AnyOfBuilder::new().item(with("event")).item(with("action"));
        let event = AllOfBuilder::new().item(fields).item(one);
        components.schemas.insert("Event".to_owned(), event.into());
    }
    document
}

/// The document to which the router adds its paths.
pub(super) fn describe() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
