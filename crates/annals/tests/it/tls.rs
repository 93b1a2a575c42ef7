//! HTTPS: what a client sees of it, and how certificates are replaced while the server runs.

use std::{path::Path, process::Command, time::Duration};

use reqwest::{Certificate, Client, Version};

use super::support::{ANNALS, Server, Tenant};

/// Writes a new certificate for 127.0.0.1 and its key, and gives a client that trusts this certificate and no other.
fn issue(cert: &Path, key: &Path) -> Client {
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    write(cert, &issued.cert.pem());
    write(key, &issued.signing_key.serialize_pem());
    let trusted = Certificate::from_pem(issued.cert.pem().as_bytes()).expect("PEM");
    // Each request makes a connection of its own, as only a handshake shows the certificate.
    let client = Client::builder().no_proxy().tls_certs_only([trusted]).pool_max_idle_per_host(0);
    client.build().expect("HTTPS client")
}

#[expect(clippy::disallowed_methods, reason = "nothing that must last")]
fn write(file: &Path, text: &str) {
    std::fs::write(file, text).expect("it can be written");
}

#[tokio::test]
async fn https_is_spoken_and_certificates_are_replaced_while_it_is() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let tenant = Tenant::create(dir.path(), "Tests");
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    let first = issue(&cert, &key);
    let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let flags = ["--tls-cert", &path(&cert), "--tls-key", &path(&key)];
    let mut server =
        Server::start_for(first.clone(), "https", Command::new(ANNALS), dir.path(), &flags).await;

    let page = server.get(&tenant.token, "/v2/audit_logs").await.ok();
    let link = page["links"]["self"].as_str().unwrap_or_default();
    assert_eq!(link, format!("{}/v2/audit_logs", server.url), "links lead back over HTTPS");
    let url = format!("{}/healthz", server.url);
    let answer = first.get(&url).send().await.expect("it answers");
    assert_eq!(answer.version(), Version::HTTP_2, "negotiated in the handshake");
    let plain = Client::builder().no_proxy().build().expect("HTTP client");
    plain.get(url.replacen("https", "http", 1)).send().await.expect_err("no plain HTTP on this port");

    let second = issue(&cert, &key);
    second.get(&url).send().await.expect_err("the files are not read again by themselves");
    server.signal("-HUP");
    let served = async {
        while second.get(&url).send().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), served).await.expect("the new certificate is served");
    first.get(&url).send().await.expect_err("the old certificate is gone");

    write(&cert, "no certificate");
    server.signal("-HUP");
    let told = async {
        while !server.said().contains("the certificate cannot be used; the one before stays") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), told).await.expect("the operator is told");
    second.get(&url).send().await.expect("the one before stays");
    let (status, said) = server.stop().await;
    assert!(status.success(), "{said}");
}
