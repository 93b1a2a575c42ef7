//! Clients that are slow, broken or malicious: each gets an answer in words or is let go, and nobody else notices.

mod bomb;
mod wire;

use std::{
    fs,
    time::{Duration, Instant},
};

use annals::identity::Secret;
use annals_store::TokenKind;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::{
    crash::assert_calm,
    support::{Answer, Server, Tenant},
};

const LOGS: &str = "/v2/audit_logs";

/// Ends a server that has seen worse, and checks that it took it calmly.
async fn stop(mut server: Server, tenant: &Tenant) {
    assert_eq!(server.get(&tenant.token, LOGS).await.status, 200);
    let (status, _) = server.stop().await;
    assert!(status.success());
    assert_calm(&mut server);
}

/// Posts bytes as they are.
async fn post(server: &Server, tenant: &Tenant, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = server.request(Method::POST, LOGS, &tenant.token);
    Answer::of(request.header("content-type", kind).body(body)).await
}

/// The memory of a process in KiB: `VmRSS` now, `VmHWM` at most so far.
fn memory_kib(server: &Server, what: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("it has memory");
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_hold_nobody_up_and_are_let_go() {
    let (server, tenant) = Server::start().await;
    let authorization = format!("authorization: Bearer {}\r\n", tenant.token);
    let mut dribblers = Vec::new();
    for _ in 0..100 {
        let mut stream = wire::connect(&server).await;
        stream.write_all(b"GET /v2/ping HTTP/1.1\r\nhost: a\r\n").await.expect("it reads");
        dribblers.push(stream);
    }
    // Half a body, and then nothing.
    let mut half_open = Vec::new();
    for _ in 0..100 {
        let mut stream = wire::connect(&server).await;
        let head = format!(
            "POST {LOGS} HTTP/1.1\r\nhost: a\r\n{authorization}content-length: 1000\r\n\r\n{{\"event\":"
        );
        stream.write_all(head.as_bytes()).await.expect("it reads");
        half_open.push(stream);
    }
    // Asks for a lot, and reads nothing of it.
    let lines: Vec<Value> = (0..2_000)
        .map(|_| json!({"action": "create", "object_type": "t", "metadata": {"m": "m".repeat(1_000)}}))
        .collect();
    server.post_lines(&tenant.token, &lines).await.ok();
    let mut deaf = Vec::new();
    for _ in 0..20 {
        let mut stream = wire::connect(&server).await;
        let head = format!("GET {LOGS}?limit=5000 HTTP/1.1\r\nhost: a\r\n{authorization}\r\n");
        stream.write_all(head.as_bytes()).await.expect("it reads");
        deaf.push(stream);
    }

    let started = Instant::now();
    let seconds_max = annals::limits::HEADER_SECONDS_MAX + 5;
    let mut left = dribblers;
    while !left.is_empty() {
        assert!(started.elapsed() < Duration::from_secs(seconds_max), "{} are still connected", left.len());
        let asked = Instant::now();
        server.get(&tenant.token, "/v2/ping").await.ok();
        server.post(&tenant.token, &json!({"action": "create", "object_type": "t"})).await.ok();
        assert!(asked.elapsed() < Duration::from_secs(2), "held up for {:?}", asked.elapsed());
        let mut open = Vec::new();
        for mut stream in left {
            if stream.write_all(b"a").await.is_ok() && !wire::is_closed(&mut stream).await {
                open.push(stream);
            }
        }
        left = open;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(
        started.elapsed() > Duration::from_secs(annals::limits::HEADER_SECONDS_MAX - 2),
        "let go too soon"
    );
    drop((half_open, deaf));
    stop(server, &tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_cost_little() {
    const CONNECTIONS: usize = 10_000;
    /// 20 KiB each: mostly the buffers that hyper keeps for a connection that has asked something.
    const GROWTH_KIB_MAX: u64 = 20 * CONNECTIONS as u64;

    let files = annals::server::open_files::raise();
    assert!(
        files.is_none_or(|files| files > CONNECTIONS as u64 + 100),
        "this test needs more open files than {files:?}: raise the limit (`ulimit -Hn 20000`) and run it again"
    );
    let (server, tenant) = Server::start().await;
    server.get(&tenant.token, LOGS).await.ok();
    let before = memory_kib(&server, "VmRSS:");
    let mut idle = Vec::with_capacity(CONNECTIONS);
    for number in 0..CONNECTIONS {
        let mut stream = wire::connect(&server).await;
        // Half of them have asked something before they fell silent.
        if number % 2 == 0 {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("it reads");
        }
        idle.push(stream);
    }
    let asked = Instant::now();
    server.get(&tenant.token, LOGS).await.ok();
    server.post(&tenant.token, &json!({"action": "create", "object_type": "t"})).await.ok();
    assert!(asked.elapsed() < Duration::from_secs(2), "held up for {:?}", asked.elapsed());
    let grown = memory_kib(&server, "VmRSS:").saturating_sub(before);
    assert!(grown < GROWTH_KIB_MAX, "{CONNECTIONS} connections take {grown} KiB");
    drop(idle);
    stop(server, &tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_bombs_do_not_go_off() {
    const MEMORY_KIB_MAX: u64 = 250 << 10;

    let (server, tenant) = Server::start().await;
    let (gzip, zstd) = (bomb::gzip(), bomb::zstd());
    for kind in ["application/json", "application/x-ndjson"] {
        let send = |encoding: &'static str, bomb: &[u8]| {
            let request = server.request(Method::POST, LOGS, &tenant.token);
            Answer::of(
                request.header("content-type", kind).header("content-encoding", encoding).body(bomb.to_vec()),
            )
        };
        let answers =
            tokio::join!(send("gzip", &gzip), send("zstd", &zstd), send("gzip", &gzip), send("zstd", &zstd));
        for answer in [answers.0, answers.1, answers.2, answers.3] {
            answer.errors(413);
            // Nobody reads the rest, so that no client may send another request after it.
            assert_eq!(answer.header("connection"), Some("close"));
        }
    }
    let most = memory_kib(&server, "VmHWM:");
    assert!(most < MEMORY_KIB_MAX, "a bomb took the memory to {most} KiB");

    let broken = |encoding: &'static str, body: &'static [u8]| {
        Answer::of(
            server.request(Method::POST, LOGS, &tenant.token).header("content-encoding", encoding).body(body),
        )
    };
    broken("gzip", b"this is no gzip").await.errors(400);
    broken("gzip", &[0x1f, 0x8b, 8]).await.errors(400);
    broken("zstd", b"(\xb5/\xfd").await.errors(400);
    broken("lzma", b"{}").await.errors(415);
    stop(server, &tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused() {
    let (server, tenant) = Server::start().await;
    let event = |padding: usize| json!({"action": "create", "object_type": "t", "metadata": {"p": "p".repeat(padding)}});
    let json = "application/json";
    let lines = |count: usize| format!("{}\n", event(0)).repeat(count);
    post(&server, &tenant, json, event(600_000).to_string()).await.errors(413);
    post(&server, &tenant, json, json!({"audit_logs": vec![event(0); 1_001]}).to_string()).await.errors(413);
    post(&server, &tenant, "application/x-ndjson", lines(10_001)).await.errors(413);
    post(&server, &tenant, json, " ".repeat((16 << 20) + 1)).await.errors(413);
    post(&server, &tenant, json, format!("{}{}", event(0), " ".repeat((15 << 20) - 200))).await.ok();

    let authorization = format!("host: a\r\nauthorization: Bearer {}\r\n", tenant.token);
    let large = [
        ("a header", format!("GET /v2/ping HTTP/1.1\r\n{authorization}a: {}\r\n\r\n", "a".repeat(100_000))),
        ("many headers", format!("GET /v2/ping HTTP/1.1\r\n{authorization}{}\r\n", "a: b\r\n".repeat(1_000))),
        ("a target", format!("GET /{} HTTP/1.1\r\n{authorization}\r\n", "a".repeat(100_000))),
        (
            "a body to come",
            format!("POST {LOGS} HTTP/1.1\r\n{authorization}content-length: 99999999999\r\n\r\n{{"),
        ),
        (
            "a chunk to come",
            format!(
                "POST {LOGS} HTTP/1.1\r\n{authorization}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n"
            ),
        ),
    ];
    for (what, request) in large {
        let answer = wire::exchange(&server, request.as_bytes()).await;
        let statuses = wire::statuses(&answer);
        assert!(statuses.iter().all(|status| [400, 413, 414, 431].contains(status)), "{what}: {answer}");
        assert!(statuses.len() <= 1, "{what}: {answer}");
    }
    stop(server, &tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_in_words() {
    let (server, tenant) = Server::start().await;
    let deep = 200_000;
    let (array, object) = ("[".repeat(deep), "{\"a\":".repeat(deep));
    let event = |more: &str| format!(r#"{{"action":"create","object_type":"t",{more}}}"#);
    let fields = |count: usize| (0..count).map(|n| format!("\"k{n:05}\":1")).collect::<Vec<_>>().join(",");
    let surrogate = event(r#""object_title":"\ud800""#);
    let refused: Vec<(&str, u16, Vec<u8>)> = vec![
        ("nothing", 400, Vec::new()),
        ("a word", 400, b"hello".into()),
        ("null", 422, b"null".into()),
        ("an array", 422, b"[]".into()),
        ("a number", 422, b"-0.5e+7".into()),
        ("two values", 400, b"{}{}".into()),
        ("a byte order mark", 400, b"\xef\xbb\xbf{}".into()),
        ("UTF-16", 400, b"\xff\xfe{\0}\0".into()),
        ("bad UTF-8", 400, b"{\"action\":\"create\",\"object_type\":\"\xc3\x28\"}".into()),
        ("an overlong slash", 400, b"{\"action\":\"\xc0\xaf\"}".into()),
        ("a NUL", 400, b"{\0}".into()),
        ("a control character", 400, b"{\"action\":\"\n\"}".into()),
        ("a key twice", 400, event(r#""metadata":{"a":1,"\u0061":2}"#).into()),
        ("half a surrogate pair", 400, surrogate.into()),
        ("the other half", 400, event(r#""object_title":"\udc00\ud800""#).into()),
        ("open arrays", 400, array.clone().into()),
        ("open objects", 400, object.clone().into()),
        ("deep arrays", 400, format!("{array}{}", "]".repeat(deep)).into()),
        ("deep objects", 400, format!("{object}1{}", "}".repeat(deep)).into()),
        ("a number that is too large", 422, event(r#""user_id":9223372036854775808"#).into()),
        ("a number with an exponent", 422, event(r#""user_id":1e3"#).into()),
        ("a bad number", 400, event(r#""user_id":01"#).into()),
        ("a number that no double holds", 400, event(r#""metadata":{"a":1e309}"#).into()),
        ("many digits", 400, event(&format!("\"metadata\":{{\"a\":{}}}", "9".repeat(200_000))).into()),
        ("infinity", 400, event(r#""metadata":{"a":Infinity}"#).into()),
        ("unknown fields", 422, event(&fields(20_000)).into()),
        ("100,000 keys", 413, event(&format!("\"metadata\":{{{}}}", fields(100_000))).into()),
        ("a year 10000", 422, event(r#""created_at":"10000-01-01T00:00:00Z""#).into()),
        (
            "a time without end",
            422,
            event(&format!(r#""created_at":"2026-01-01T00:00:00.{}Z""#, "1".repeat(100_000))).into(),
        ),
        ("a batch of a batch", 422, br#"{"audit_logs":[{"audit_logs":[]}]}"#.into()),
        ("an empty batch", 422, br#"{"audit_logs":[]}"#.into()),
        ("a batch of no events", 422, br#"{"audit_logs":[1,null,"a",[]]}"#.into()),
    ];
    for (what, status, body) in refused {
        let asked = Instant::now();
        let answer = post(&server, &tenant, "application/json", body).await;
        assert_eq!(answer.status, status, "{what}: {:.300}", answer.text());
        assert!(answer.errors(status).len() <= 101, "{what}");
        assert!(answer.body.len() < 64 << 10, "{what} is answered with {} bytes", answer.body.len());
        assert!(asked.elapsed() < Duration::from_secs(5), "{what} took {:?}", asked.elapsed());
    }
    let lines: [(&str, u16, &[u8]); 4] = [
        ("no lines", 422, b"\n\r\n \n"),
        ("broken lines", 422, b"{\n}\n"),
        ("bad UTF-8", 400, b"{}\n\xff\n"),
        ("a separator that is none", 422, "{}\u{2028}{}".as_bytes()),
    ];
    for (what, status, body) in lines {
        let answer = post(&server, &tenant, "application/x-ndjson", body).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        answer.errors(status);
    }
    for kind in ["text/plain", "application/xml", "application/json2", "application", ";", "é"] {
        post(&server, &tenant, kind, event("\"user\":null")).await.errors(415);
    }
    stop(server, &tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_events_are_kept_as_they_are() {
    let (server, tenant) = Server::start().await;
    let digits = "9".repeat(150_000);
    let keys = (0..15_000).map(|n| format!("\"k{n}\":{n}")).collect::<Vec<_>>().join(",");
    let odd = [
        format!("-0.{digits}"),
        format!("1.{digits}e-999999999999"),
        "9".repeat(300),
        "1e308".to_owned(),
        "-0".to_owned(),
        "1.10".to_owned(),
        "18446744073709551617".to_owned(),
        "\"\\u0000\u{7f}\u{2028}\u{feff}\u{10ffff}\"".to_owned(),
        format!("{{{keys}}}"),
        format!("{}{}", "[".repeat(60), "]".repeat(60)),
        "{\"\":{\"__proto__\":null,\"a.b\":[],\"$ref\":\"#\"}}".to_owned(),
    ];
    for value in odd {
        let body = format!(r#"{{"action":"create","object_type":"t","metadata":{{"value":{value}}}}}"#);
        let answer = post(&server, &tenant, "application/json", body).await;
        assert_eq!(answer.status, 201, "{:.200}: {:.300}", value, answer.text());
        assert!(answer.text().contains(&format!("\"metadata\":{{\"value\":{value}}}")), "{value:.200}");
    }
    stop(server, &tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_questions_are_answered() {
    let (server, tenant) = Server::start().await;
    server.post(&tenant.token, &json!({"action": "create", "object_type": "t"})).await.ok();
    let max = i64::MAX;
    let fine = [
        format!("page={max}&limit=5000"),
        format!("page={max}&limit=1&as_of={max}"),
        format!("page=2&limit=5000&as_of={max}"),
        "as_of=0".to_owned(),
        "user=-9223372036854775808".to_owned(),
        "start_date=0000-01-01&end_date=9999-12-31".to_owned(),
        "start_date=9999-12-31&end_date=0000-01-01".to_owned(),
        "end_date=9999-12-31T23:59:59Z".to_owned(),
        "object_name=%00%7f%F0%9F%98%80%2525".to_owned(),
        "token=%27%20OR%201%3D1%20--".to_owned(),
        "&&&".to_owned(),
    ];
    for query in fine {
        server.get(&tenant.token, &format!("{LOGS}?{query}")).await.ok();
    }
    let bad = [
        "page=0",
        "page=-1",
        "page=1.5",
        "page=18446744073709551616",
        "limit=5001",
        "limit=0",
        "user=9223372036854775808",
        "user=%ff",
        "object_name=%",
        "object_name=%c3%28",
        "start_date=2026-02-30",
        "as_of=-1",
        "action=",
        "source=%00",
        "page=1&page=1",
        "page[]=1",
        "=",
        "%",
    ];
    for query in bad {
        server.get(&tenant.token, &format!("{LOGS}?{query}")).await.errors(400);
    }
    let long = "a".repeat(20_000);
    for path in
        ["%00", "..%2f..%2fetc%2fpasswd", "adt_lg_%ff", "adt_lg_0000000000000000", "%F0%9F%98%80", &long]
    {
        let answer = server.get(&tenant.token, &format!("{LOGS}/{path}")).await;
        assert!([400, 404].contains(&answer.status.as_u16()), "{path:.50}: {}", answer.status);
        answer.errors(answer.status.as_u16());
    }
    for method in ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "ODD"] {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let answer = Answer::of(server.request(method, LOGS, &tenant.token)).await;
        answer.errors(405);
        assert!(answer.header("allow").is_some());
    }
    let headers = [
        ("authorization", "Bearer"),
        ("authorization", "Basic YTpi"),
        ("authorization", "Bearer é"),
        ("authorization", ""),
    ];
    for (name, value) in headers {
        let request =
            reqwest::Client::new().get(format!("{}{LOGS}", server.url)).header(name, value.as_bytes());
        Answer::of(request).await.errors(401);
    }
    let long = "k".repeat(10_000);
    for key in ["", &long, "é"] {
        let request =
            server.request(Method::POST, LOGS, &tenant.token).header("idempotency-key", key.as_bytes());
        Answer::of(request.body(r#"{"action":"create","object_type":"t"}"#)).await.errors(400);
    }
    stop(server, &tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_http_are_refused() {
    let (server, tenant) = Server::start().await;
    let noise: Vec<u8> = (0..100_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let bytes: Vec<(&str, Vec<u8>)> = vec![
        ("noise", noise),
        ("zeros", vec![0; 100_000]),
        ("line ends", b"\r\n".repeat(50_000)),
        ("TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".repeat(100)),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n".into()),
        ("HTTP/9", b"GET / HTTP/9.9\r\nhost: a\r\n\r\n".into()),
        ("no version", b"GET /\r\n\r\n".into()),
        ("a target with a space", b"GET /a b HTTP/1.1\r\nhost: a\r\n\r\n".into()),
        ("a target with a NUL", b"GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n".into()),
        ("a header with a NUL", b"GET / HTTP/1.1\r\nhost: a\r\na: \0\r\n\r\n".into()),
        ("a space before a colon", b"GET / HTTP/1.1\r\nhost : a\r\n\r\n".into()),
        ("a folded header", b"GET / HTTP/1.1\r\nhost: a\r\na: b\r\n c\r\n\r\n".into()),
        ("a header without a name", b"GET / HTTP/1.1\r\nhost: a\r\n: b\r\n\r\n".into()),
        (
            "a length below zero",
            b"POST /v2/audit_logs HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n".into(),
        ),
        ("a signed length", b"POST /v2/audit_logs HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\n{".into()),
        (
            "a length without end",
            format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", "9".repeat(1000)).into(),
        ),
        (
            "two lengths",
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}".into(),
        ),
        (
            "no known coding",
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n".into(),
        ),
        (
            "a chunk of no size",
            b"POST /oauth/token HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".into(),
        ),
        (
            "a broken HTTP/2",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff".repeat(10),
        ),
    ];
    for (what, bytes) in bytes {
        let answer = wire::exchange(&server, &bytes).await;
        if what != "a broken HTTP/2" {
            assert!(
                wire::statuses(&answer).iter().all(|status| (400..500).contains(status)),
                "{what}: {answer}"
            );
        }
    }
    let hosts = ["", "a b", "a/b", "\"><script>", "a:99999999", "[::1", "é", "user@host", "a\r\nhost: b"];
    for host in hosts {
        let head =
            format!("GET {LOGS} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n", tenant.token);
        let answer = wire::exchange(&server, format!("{head}connection: close\r\n\r\n").as_bytes()).await;
        assert!(wire::statuses(&answer).iter().all(|status| *status < 500), "{host}: {answer}");
        assert!(
            !answer.contains("<script>") || answer.contains("content-type: application/json"),
            "{answer}"
        );
    }
    stop(server, &tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_smuggled_between_requests() {
    let (server, tenant) = Server::start().await;
    let head = format!("POST {LOGS} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n", tenant.token);
    // A proxy that goes by the length takes what follows the last chunk for the body; we must not take it for a request.
    let smuggled = "0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    let length = smuggled.len();
    for coding in [
        "chunked",
        "Chunked",
        " chunked",
        "chunked\r\ntransfer-encoding: chunked",
        "identity, chunked",
        "chunked, identity",
    ] {
        for lengths_first in [true, false] {
            let (one, two) =
                (format!("content-length: {length}\r\n"), format!("transfer-encoding: {coding}\r\n"));
            let both = if lengths_first { format!("{one}{two}") } else { format!("{two}{one}") };
            let answer = wire::exchange(&server, format!("{head}{both}\r\n{smuggled}").as_bytes()).await;
            let statuses = wire::statuses(&answer);
            assert!(statuses.len() <= 1 && !statuses.contains(&200), "{coding}: {answer}");
        }
    }
    let tail = format!("{head}content-length: 2, 3\r\n\r\n{{}}GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
    let answer = wire::exchange(&server, tail.as_bytes()).await;
    assert!(wire::statuses(&answer).iter().all(|status| *status == 400), "{answer}");

    // Pipelining is no smuggling: every request gets its answer, in order.
    let pipeline: Vec<_> = (0..100)
        .map(|number| {
            let end = if number == 99 { "connection: close\r\n" } else { "" };
            format!("GET /{number} HTTP/1.1\r\nhost: a\r\n{end}\r\n")
        })
        .collect();
    let answer = wire::exchange(&server, pipeline.concat().as_bytes()).await;
    assert_eq!(wire::statuses(&answer), [404; 100]);
    let places: Vec<_> = (0..100).map(|number| answer.find(&format!("nothing at /{number};"))).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}");
    stop(server, &tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_tokens_take_no_memory() {
    const TOKENS: usize = 10_000;
    const GROWTH_KIB_MAX: u64 = 40 << 10;

    let (server, tenant) = Server::start().await;
    let refuse = async |tokens: usize| {
        for _ in 0..tokens {
            // Well formed, so that it has to be looked up.
            let token = Secret::mint(TokenKind::Service);
            server.get(token.reveal(), "/v2/ping").await.errors(401);
        }
    };
    refuse(TOKENS / 10).await;
    let before = memory_kib(&server, "VmRSS:");
    let part = TOKENS / 4;
    tokio::join!(refuse(part), refuse(part), refuse(part), refuse(part));
    let grown = memory_kib(&server, "VmRSS:").saturating_sub(before);
    assert!(grown < GROWTH_KIB_MAX, "{TOKENS} unknown tokens took {grown} KiB");
    stop(server, &tenant).await;
}
