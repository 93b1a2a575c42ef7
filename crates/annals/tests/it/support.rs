//! A server for a test: the built binary on a free port with a data directory of its own.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use annals_format::segment::{Corrupt, Extent, Part, Parts};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::Value;

/// The binary under test.
pub(crate) const ANNALS: &str = env!("CARGO_BIN_EXE_annals");

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs an administration command and returns what it printed on stdout, which must be the new value and nothing else.
pub(crate) fn annals(data_dir: &Path, arguments: &[&str]) -> String {
    let output = run(data_dir, arguments);
    let printed = String::from_utf8(output.stdout).expect("stdout is UTF-8");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "annals {arguments:?} failed: {said}");
    printed.trim_end().to_owned()
}

/// Runs an administration command, whatever comes of it.
pub(crate) fn run(data_dir: &Path, arguments: &[&str]) -> Output {
    Command::new(ANNALS).args(arguments).arg("--data-dir").arg(data_dir).output().expect("annals runs")
}

/// An account with a workspace and tokens.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    pub(crate) account: String,
    pub(crate) workspace: String,
    /// Scopes read, write and import; role owner.
    pub(crate) token: String,
}

impl Tenant {
    /// Creates the account by the command line; the server may run or not.
    pub(crate) fn create(data_dir: &Path, title: &str) -> Self {
        let account = annals(data_dir, &["account", "create", title]);
        let workspace = annals(data_dir, &["workspace", "create", "Main", "--account", &account]);
        let mut tenant = Self { account, workspace, token: String::new() };
        tenant.token = tenant.token(data_dir, "read,write,import");
        tenant
    }

    /// Another access token of the account, with these scopes and the role owner.
    pub(crate) fn token(&self, data_dir: &Path, scopes: &str) -> String {
        let of_account = ["token", "create", "tests", "--account", &self.account];
        annals(data_dir, &[&of_account[..], &["--scope", scopes, "--role", "owner"]].concat())
    }
}

/// A running server. It is killed when the test ends.
pub(crate) struct Server {
    process: Child,
    /// What it has said so far. Read as it comes: a full pipe would stop the server.
    stderr: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
    pub(crate) url: String,
    pub(crate) data_dir: PathBuf,
    client: reqwest::Client,
    own_dir: Option<tempfile::TempDir>,
    /// Whether the test has altered what is stored, so that it cannot verify.
    pub(crate) is_damaged: bool,
}

impl Server {
    /// Starts a server on an empty data directory with one tenant.
    pub(crate) async fn start() -> (Self, Tenant) {
        let dir = tempfile::tempdir().expect("temporary directory");
        let tenant = Tenant::create(dir.path(), "Tests");
        let mut server = Self::start_in(dir.path(), &[]).await;
        server.own_dir = Some(dir);
        (server, tenant)
    }

    /// Starts a server on a data directory, with more flags.
    pub(crate) async fn start_in(data_dir: &Path, flags: &[&str]) -> Self {
        Self::start_with(Command::new(ANNALS), data_dir, flags).await
    }

    /// Starts a server by a command that ends in the binary, such as a tracer.
    pub(crate) async fn start_with(command: Command, data_dir: &Path, flags: &[&str]) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("HTTP client");
        Self::start_for(client, "http", command, data_dir, flags).await
    }

    /// Starts a server that `client` reaches by a URL with this scheme.
    pub(crate) async fn start_for(
        client: reqwest::Client,
        scheme: &str,
        mut command: Command,
        data_dir: &Path,
        flags: &[&str],
    ) -> Self {
        let mut process = command
            .arg("serve")
            .arg("--data-dir")
            .arg(data_dir)
            // It says which port it got. One that was free a moment ago may be somebody else's by now.
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .env("ANNALS_RATE_LIMIT_READS", "0")
            // A few hundred entries already are segments and a head.
            .env("ANNALS_SEGMENT_ROWS", "256")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("annals serve starts");
        let stderr = Arc::new(Mutex::new(String::new()));
        let listener = process.stderr.take().map(|pipe| listen(pipe, Arc::clone(&stderr)));
        let mut server = Self {
            process,
            stderr,
            listener,
            url: format!("{scheme}://127.0.0.1:0"),
            data_dir: data_dir.to_owned(),
            client,
            own_dir: None,
            is_damaged: false,
        };
        server.wait_until_ready().await;
        server
    }

    async fn wait_until_ready(&mut self) {
        let started = Instant::now();
        loop {
            if let Some(port) = port_said(&self.said()) {
                self.url = self.url.replace(":0", &format!(":{port}"));
                let ready = self.client.get(format!("{}/readyz", self.url)).send().await;
                assert_eq!(ready.expect("it answers").status(), StatusCode::OK);
                return;
            }
            if let Some(status) = self.process.try_wait().expect("the process can be asked") {
                let said = self.said();
                panic!("annals serve ended with {status}: {said}");
            }
            assert!(started.elapsed() < PATIENCE, "annals serve is not ready after {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Kills the process as a power failure would: no chance to do anything.
    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Asks the process to end, waits for it, and returns its exit status and what it said.
    pub(crate) async fn stop(&mut self) -> (std::process::ExitStatus, String) {
        self.signal("-TERM");
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("the process can be asked") {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "annals serve has not ended after {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        (status, self.said())
    }

    /// Sends the process a signal, named as `kill` names it.
    pub(crate) fn signal(&self, signal: &str) {
        let kill = Command::new("kill").args([signal, &self.pid().to_string()]).status().expect("kill runs");
        assert!(kill.success());
    }

    /// What the server said on stderr; all of it once the process has ended.
    pub(crate) fn said(&mut self) -> String {
        if self.process.try_wait().is_ok_and(|status| status.is_some())
            && let Some(listener) = self.listener.take()
        {
            listener.join().expect("stderr was read");
        }
        self.stderr.lock().expect("no one panics with it").clone()
    }

    /// A request to this server, to be completed and sent.
    pub(crate) fn request(&self, method: Method, path: &str, token: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        self.client.request(method, url).bearer_auth(token)
    }

    /// GETs a path or an absolute link.
    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path, token)).await
    }

    /// Records JSON.
    pub(crate) async fn post(&self, token: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, "/v2/audit_logs", token).json(body)).await
    }

    /// Records lines of NDJSON.
    pub(crate) async fn post_lines(&self, token: &str, lines: &[Value]) -> Answer {
        let body: Vec<String> = lines.iter().map(Value::to_string).collect();
        let request = self.request(Method::POST, "/v2/audit_logs", token);
        Answer::of(request.header("content-type", "application/x-ndjson").body(body.join("\n"))).await
    }

    /// All entries of a list, by following its links.
    pub(crate) async fn walk(&self, token: &str, query: &str) -> Vec<Value> {
        let mut entries = Vec::new();
        let mut next = Some(format!("/v2/audit_logs?limit=5000&{query}"));
        while let Some(link) = next {
            let page = self.get(token, &link).await.ok();
            entries.extend(page["audit_logs"].as_array().expect("a list").iter().cloned());
            next = page["links"]["next"].as_str().map(str::to_owned);
        }
        entries
    }
}

impl Drop for Server {
    /// However the test ended the server: what it has left behind verifies.
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() || self.is_damaged || !self.data_dir.join("catalog.sqlite").exists() {
            return;
        }
        let output = run(&self.data_dir, &["verify"]);
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "the logs do not verify: {}", String::from_utf8_lossy(&said));
    }
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Sends a request.
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.expect("the server answers");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.expect("the answer has a body").to_vec();
        Self { status, headers, body }
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text());
        self.json()
    }

    /// The sentences of a failure with this status.
    #[track_caller]
    pub(crate) fn errors(&self, status: u16) -> Vec<String> {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        let errors = self.json()["errors"].as_array().cloned().expect("errors");
        assert!(!errors.is_empty());
        errors.into_iter().map(|error| error.as_str().expect("a sentence").to_owned()).collect()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The port that a server says it listens on.
pub(crate) fn port_said(said: &str) -> Option<u16> {
    let line = said.lines().find(|line| line.contains("is ready"))?;
    let digits = line.split_once("127.0.0.1:")?.1.split(|char: char| !char.is_ascii_digit()).next();
    digits?.parse().ok()
}

/// Reads what a server says until it ends.
fn listen(pipe: ChildStderr, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let mut said = into.lock().expect("no one panics with it");
            said.push_str(&String::from_utf8_lossy(&line));
            said.push('\n');
        }
    })
}

/// The file of a segment.
pub(crate) struct InMemory(pub(crate) Vec<u8>);

impl Parts for InMemory {
    type Error = Corrupt;

    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, Corrupt> {
        let range = |extent: &Extent| {
            usize::try_from(extent.offset).expect("small")..usize::try_from(extent.end()).expect("small")
        };
        extents.iter().map(|extent| Ok(Arc::new(extent.decode(&self.0[range(extent)])?))).collect()
    }
}
