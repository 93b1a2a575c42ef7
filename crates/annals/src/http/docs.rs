//! The documents that the server serves about itself: `/openapi.json`, and `/docs` drawn from it, without a network.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::header,
    response::{Html, IntoResponse, Redirect, Response},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::App;

/// There is no page at the root yet, so it leads to the documentation.
pub(super) async fn home() -> Redirect {
    Redirect::to("/docs")
}

/// The OpenAPI 3.1 document.
pub(super) async fn document(
    State(_): State<Arc<App>>,
    Extension(document): Extension<Arc<utoipa::openapi::OpenApi>>,
) -> Response {
    axum::Json(&*document).into_response()
}

/// The documentation page.
pub(super) async fn page(Extension(document): Extension<Arc<utoipa::openapi::OpenApi>>) -> Response {
    let document = serde_json::to_value(&*document).unwrap_or_default();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(render(&document).into_string())).into_response()
}

const STYLE: &str = "
:root{color-scheme:light dark;--line:#8884;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:14px/1.45 ui-monospace,monospace}
pre{background:var(--soft);padding:.75rem;border-radius:.4rem;overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}
td,th{border-bottom:1px solid var(--line);padding:.35rem .5rem;text-align:left;vertical-align:top}
section{border-top:1px solid var(--line);margin-top:2rem}
nav li{list-style:none}
.method{display:inline-block;min-width:3.5rem;font-weight:700}
.note{opacity:.75}";

/// Draws the document as one page.
fn render(document: &Value) -> Markup {
    let operations = operations(document);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "annals: the API" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "annals: the API" }
                p { (text(document, "/info/description")) }
                p {
                    "Send " code { "Authorization: Bearer TOKEN" } ". Every error is " code { "{\"errors\": [\"sentence\", …]}" }
                    ". The same in a form for programs: " a href="/openapi.json" { "openapi.json" } "."
                }
                pre { (EXAMPLE) }
                nav { ul {
                    @for operation in &operations {
                        li { a href={ "#" (operation.id) } { code { span.method { (operation.method) } (operation.path) } } " " (operation.summary) }
                    }
                } }
                @for operation in &operations { (section(document, operation)) }
                section {
                    h2 { "Shapes" }
                    @for (name, schema) in members(document, "/components/schemas") { (shape(name, schema)) }
                }
            }
        }
    }
}

const EXAMPLE: &str = r#"curl -sS "$ANNALS_URL/v2/audit_logs" -H "Authorization: Bearer $ANNALS_TOKEN" \
     -H 'Content-Type: application/json' \
     -d '{"object_type":"cost_report","object_token":"rprt_1","object_title":"Cloud spend by team","action":"update",
          "user":"Ada Lovelace","before":{"title":"Cloud spend"},"after":{"title":"Cloud spend by team"}}'

curl -sS "$ANNALS_URL/v2/audit_logs?object_type=cost_report&limit=10" -H "Authorization: Bearer $ANNALS_TOKEN""#;

struct Operation<'a> {
    method: String,
    path: &'a str,
    id: &'a str,
    summary: &'a str,
    value: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, methods) in members(document, "/paths") {
        for (method, value) in methods.as_object().into_iter().flatten() {
            operations.push(Operation {
                method: method.to_uppercase(),
                path,
                id: text(value, "/operationId"),
                summary: text(value, "/summary"),
                value,
            });
        }
    }
    operations
}

fn section(document: &Value, operation: &Operation) -> Markup {
    let value = operation.value;
    let parameters = value["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    html! {
        section id=(operation.id) {
            h2 { code { span.method { (operation.method) } (operation.path) } }
            p { strong { (operation.summary) } }
            @for paragraph in text(value, "/description").split("\n\n") { p { (paragraph) } }
            @if !parameters.is_empty() {
                table {
                    tr { th { "Parameter" } th { "In" } th { "Type" } th { "Meaning" } }
                    @for parameter in parameters {
                        tr {
                            td { code { (text(parameter, "/name")) } }
                            td { (text(parameter, "/in")) }
                            td { (kind(&parameter["schema"])) }
                            td { (text(parameter, "/description")) }
                        }
                    }
                }
            }
            @for (content_type, body) in members(value, "/requestBody/content") {
                p { "Body: " code { (content_type) } " " (kind(&body["schema"])) }
            }
            table {
                tr { th { "Answer" } th { "Body" } th { "Meaning" } }
                @for (status, answer) in members(value, "/responses") {
                    @let answer = resolve(document, answer);
                    tr {
                        td { code { (status) } }
                        td { @for (_, body) in members(answer, "/content") { (kind(&body["schema"])) } }
                        td { (text(answer, "/description")) }
                    }
                }
            }
        }
    }
}

fn shape(name: &str, schema: &Value) -> Markup {
    // A shape with a rule that its fields cannot say has the fields one level down.
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let schema = parts.into_iter().find(|part| part["properties"].is_object()).unwrap_or(schema);
    let choices = schema["oneOf"].as_array().map_or(&[][..], Vec::as_slice);
    html! {
        h3 id={ "shape-" (name) } { (name) }
        p { (text(schema, "/description")) }
        @if let Some(words) = schema["enum"].as_array() {
            p { @for word in words { code { (word.as_str().unwrap_or_default()) } " " } }
        }
        @if !choices.is_empty() { p { "One of: " @for choice in choices { (kind(choice)) " " } } }
        @if schema["properties"].is_object() {
            table {
                tr { th { "Field" } th { "Type" } th { "Meaning" } }
                @for (field, property) in members(schema, "/properties") {
                    tr { td { code { (field) } } td { (kind(property)) } td { (text(property, "/description")) } }
                }
            }
        }
    }
}

/// A type in a few words, with links to shapes.
fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return html! { a href={ "#shape-" (name) } { (name) } };
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return html! { @for (at, choice) in choices.iter().enumerate() { @if at > 0 { " or " } (kind(choice)) } };
    }
    let mut words = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        other => other.as_str().unwrap_or("any value").to_owned(),
    };
    for (bound, word) in [("minimum", "from"), ("maximum", "to"), ("default", "default")] {
        if let Some(number) = schema[bound].as_number() {
            words.extend([", ", word, " ", &number.to_string()]);
        }
    }
    html! {
        (words)
        @if schema["items"].is_object() { " of " (kind(&schema["items"])) }
        @if let Some(words) = schema["enum"].as_array() {
            ": " @for word in words { code { (word.as_str().unwrap_or_default()) } " " }
        }
        @if let Some(pattern) = schema["pattern"].as_str() { " " span.note { code { (pattern) } } }
    }
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"].as_str().and_then(|path| document.pointer(path.trim_start_matches('#'))).unwrap_or(value)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn members<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let object = value.pointer(pointer).and_then(Value::as_object);
    object.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
