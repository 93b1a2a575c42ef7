//! The Unix socket beside the port: the same server, for programs of this machine.

use reqwest::{Client, Method};
use serde_json::json;

use super::support::{Answer, Server, Tenant};

#[tokio::test]
async fn what_is_recorded_through_the_socket_is_read_at_the_port() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let tenant = Tenant::create(dir.path(), "Tests");
    let socket = dir.path().join("annals.sock");
    let flags = ["--socket", socket.to_str().expect("UTF-8")];
    let mut server = Server::start_in(dir.path(), &flags).await;
    let client = Client::builder().no_proxy().unix_socket(&*socket).build().expect("HTTP client");
    let through_the_socket = |method: Method, path: &str| {
        let request = client.request(method, format!("http://localhost{path}")).bearer_auth(&tenant.token);
        request.header("x-forwarded-proto", "https").header("x-forwarded-host", "audit.example.com")
    };

    let event = json!({"event": "record_created", "object_type": "budget", "object_token": "bdgt_1"});
    let recorded = Answer::of(through_the_socket(Method::POST, "/v2/audit_logs").json(&event)).await.ok();
    let page = server.get(&tenant.token, "/v2/audit_logs?object_token=bdgt_1").await.ok();
    assert_eq!(page["audit_logs"][0]["token"], recorded["token"]);

    // A proxy behind the socket is believed; whoever says the same at the port is not.
    let page = Answer::of(through_the_socket(Method::GET, "/v2/audit_logs")).await.ok();
    assert_eq!(page["links"]["self"], "https://audit.example.com/v2/audit_logs");
    let stranger = server.request(Method::GET, "/v2/audit_logs", &tenant.token);
    let page = Answer::of(stranger.header("x-forwarded-host", "evil.example")).await.ok();
    assert_eq!(page["links"]["self"], format!("{}/v2/audit_logs", server.url));

    let refused = client.get("http://localhost/v2/audit_logs").bearer_auth("nonsense");
    Answer::of(refused).await.errors(401);

    server.kill();
    assert!(socket.exists(), "a killed server cannot remove it");
    let mut server = Server::start_in(dir.path(), &flags).await;
    let page = Answer::of(through_the_socket(Method::GET, "/v2/audit_logs?object_token=bdgt_1")).await.ok();
    assert_eq!(page["audit_logs"].as_array().map(Vec::len), Some(1));
    let (status, said) = server.stop().await;
    assert!(status.success(), "{said}");
    assert!(!socket.exists());
}
