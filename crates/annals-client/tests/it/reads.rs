//! Listing, following links, fetching one.

use annals_client::{Action, Client, Error, ListFilters};

use crate::server::{Fault, Server, audit_log};

fn page(next: Option<&str>, indexes: &[usize]) -> String {
    let next = next.map_or("null".to_owned(), |url| format!("\"{url}\""));
    let logs: Vec<String> = indexes.iter().map(|index| audit_log(*index)).collect();
    format!(
        r#"{{"links":{{"self":"http://x/","first":null,"next":{next},"last":null,"prev":null}},"audit_logs":[{}]}}"#,
        logs.join(",")
    )
}

#[tokio::test]
async fn every_filter_is_sent_and_escaped() {
    let server = Server::start().await;
    server.page(page(None, &[]));
    let filters = ListFilters {
        page: Some(2),
        limit: Some(5000),
        user: Some(-7),
        workspace_token: Some("wrkspc_1".into()),
        action: Some(Action::Delete),
        object_name: Some("Größe & 100% +1=2".into()),
        source: Some("console".into()),
        object_type: Some("cost_report".into()),
        token: Some("adt_lg_1".into()),
        object_token: Some("rprt_1".into()),
        q: Some("cloud tea*".into()),
        changed: Some("title".into()),
        start_date: Some("2026-01-01".into()),
        end_date: Some("2026-01-31T00:00:00Z".into()),
        as_of: Some(9),
    };
    let client = Client::new(&server.url(), "secret").expect("a URL");
    client.list(&filters).await.expect("a page");
    let [request] = &server.seen()[..] else { panic!("one request") };
    assert_eq!(
        request.uri,
        "/v2/audit_logs?user=-7&workspace_token=wrkspc_1&action=delete&object_name=Gr%C3%B6%C3%9Fe+%26+100%25+%2B1%3D2\
         &source=console&object_type=cost_report&token=adt_lg_1&object_token=rprt_1&q=cloud+tea*\
         &changed=title&start_date=2026-01-01&end_date=2026-01-31T00%3A00%3A00Z&as_of=9&limit=5000&page=2"
    );
    assert_eq!(request.header("authorization"), Some("Bearer secret"));
}

#[tokio::test]
async fn a_proof_comes_as_it_is_served() {
    let server = Server::start().await;
    server.page("c2sp.org/tlog-proof@v1\n…".to_owned());
    server.page("second".to_owned());
    let client = Client::new(&server.url(), "secret").expect("a URL");
    assert_eq!(client.proof("adt_lg_1", &[]).await.expect("a proof"), "c2sp.org/tlog-proof@v1\n…");
    assert_eq!(client.proof("adt_lg_1", &["actor", "context"]).await.expect("a proof"), "second");
    let uris: Vec<String> = server.seen().into_iter().map(|seen| seen.uri).collect();
    assert_eq!(
        uris,
        ["/v2/audit_logs/adt_lg_1/proof", "/v2/audit_logs/adt_lg_1/proof?withhold=actor%2Ccontext"]
    );
    for token in ["", "..", "a/b", "a?b"] {
        assert!(matches!(client.proof(token, &[]).await, Err(Error::Invalid(_))), "{token}");
    }
}

#[tokio::test]
async fn pages_follow_the_links_but_never_to_another_server() {
    let server = Server::start().await;
    server.page(page(Some("https://elsewhere.example/other/path?as_of=3&object_name=a%20b&page=2"), &[2, 1]));
    server.page(page(None, &[0]));
    let client = Client::new(&server.url(), "secret").expect("a URL");
    let mut pages = client.pages(&ListFilters::default());
    let mut indexes = Vec::new();
    while let Some(page) = pages.next().await.expect("a page") {
        indexes.extend(page.audit_logs.iter().map(|log| log.index));
    }
    assert_eq!(indexes, [Some(2), Some(1), Some(0)]);
    let uris: Vec<String> = server.seen().into_iter().map(|request| request.uri).collect();
    assert_eq!(uris, ["/v2/audit_logs", "/v2/audit_logs?as_of=3&object_name=a%20b&page=2"]);
    assert!(pages.next().await.expect("the end").is_none());
}

#[tokio::test]
async fn what_was_served_is_kept_byte_for_byte() {
    let server = Server::start().await;
    server.page(audit_log(5));
    let client = Client::new(&server.url(), "secret").expect("a URL");
    let log = client.get("adt_lg_0000000000000005").await.expect("the log");
    assert_eq!(log.json(), audit_log(5));
    assert_eq!(log.changes().expect("pairs")[0].old.get(), "18446744073709551616");
    assert_eq!(server.seen()[0].uri, "/v2/audit_logs/adt_lg_0000000000000005");
}

#[tokio::test]
async fn a_token_that_is_none_is_not_sent() {
    let server = Server::start().await;
    let client = Client::new(&server.url(), "secret").expect("a URL");
    for wrong in ["", "..", "a/b", "a?b", "ä"] {
        assert!(matches!(client.get(wrong).await, Err(Error::Invalid(_))), "{wrong}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_is_an_error_and_not_followed() {
    let server = Server::start().await;
    server.fail(Fault::Refuse(301, None, ""));
    let client = Client::new(&server.url(), "secret").expect("a URL");
    let error = client.list(&ListFilters::default()).await.expect_err("a redirect");
    assert_eq!(error.to_string(), "301 Moved Permanently (HTTP 301)");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_ours_says_so() {
    let server = Server::start().await;
    server.page("<html>hello</html>");
    let client = Client::new(&server.url(), "secret").expect("a URL");
    let error = client.list(&ListFilters::default()).await.expect_err("a web page");
    assert!(matches!(error, Error::Answer { .. }), "{error:?}");
}
