//! A witness for a test: the built binary on a free port with a directory of its own.

use std::{
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use annals::witness::client::Witness;
use annals_tlog::note::VerifierKey;

use super::log::TestLog;
use crate::support::{ANNALS, Answer, port_said};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running witness. It is killed when the test ends.
pub(crate) struct WitnessServer {
    process: Child,
    pub(crate) url: String,
    pub(crate) dir: PathBuf,
    pub(crate) keys: Vec<VerifierKey>,
    http: reqwest::Client,
    _own_dir: tempfile::TempDir,
}

impl WitnessServer {
    /// Makes a witness and starts it.
    pub(crate) async fn start(name: &str) -> Self {
        Self::start_with(name, Command::new(ANNALS)).await
    }

    /// Makes a witness and starts it by a command that ends in the binary, such as a tracer.
    pub(crate) async fn start_with(name: &str, command: Command) -> Self {
        let own_dir = tempfile::tempdir().expect("a directory");
        let dir = own_dir.path().join("witness");
        let keys = run(&dir, &["init", "--name", name]);
        let keys = String::from_utf8(keys.stdout).expect("UTF-8");
        let keys = keys.lines().map(|line| line.parse().expect("a verifier key")).collect();
        let (process, url) = spawn(command, &dir, 0);
        let http = reqwest::Client::builder().no_proxy().build().expect("HTTP client");
        let mut server = Self { process, url, dir, keys, http, _own_dir: own_dir };
        server.wait_until_ready().await;
        server
    }

    /// Kills the witness as a power failure would, and starts it again.
    pub(crate) async fn kill_and_restart(&mut self) {
        self.kill();
        (self.process, self.url) = spawn(Command::new(ANNALS), &self.dir, 0);
        self.wait_until_ready().await;
    }

    /// Starts a witness that was killed again, at the same URL.
    pub(crate) async fn restart_where_it_was(&mut self) {
        let port = self.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        (self.process, self.url) = spawn(Command::new(ANNALS), &self.dir, port);
        self.wait_until_ready().await;
    }

    async fn wait_until_ready(&mut self) {
        let started = Instant::now();
        loop {
            let ready = self.http.get(format!("{}/healthz", self.url)).send().await;
            if ready.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            let ended = self.process.try_wait().expect("the process can be asked");
            assert!(ended.is_none() && started.elapsed() < PATIENCE, "the witness is not ready: {ended:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Asks the witness to end, waits for it, and returns whether it was content.
    pub(crate) fn stop(&mut self) -> bool {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
        self.process.wait().expect("the process ends").success()
    }

    /// Witnesses a log.
    pub(super) fn add(&self, log: &TestLog) {
        run(&self.dir, &["log", "add", &log.vkey()]);
    }

    /// What a log knows of the witness.
    pub(crate) fn client(&self) -> Witness {
        Witness { url: self.url.clone(), keys: self.keys.clone() }
    }

    /// Witnesses the log with this verifier key.
    pub(crate) fn add_key(&self, vkey: &str) {
        run(&self.dir, &["log", "add", vkey]);
    }

    /// What stands in the configuration of a log.
    pub(crate) fn setting(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        format!("{} {}", self.url, keys.join(" "))
    }

    /// Sends `add-checkpoint` with this body.
    pub(crate) async fn post(&self, body: impl Into<reqwest::Body>) -> Answer {
        Answer::of(self.http.post(format!("{}/add-checkpoint", self.url)).body(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(format!("{}{path}", self.url))).await
    }

    pub(crate) async fn page(&self) -> String {
        let answer = self.get("/").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text()
    }
}

impl Drop for WitnessServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a witness and waits until it says where it listens; port 0 is any that is free.
fn spawn(mut command: Command, dir: &Path, port: u16) -> (Child, String) {
    let mut process = command
        .args(["witness", "serve", "--listen", &format!("127.0.0.1:{port}"), "--dir"])
        .arg(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("annals witness serve starts");
    let mut said = BufReader::new(process.stderr.take().expect("piped"));
    let mut lines = String::new();
    let port = loop {
        assert!(said.read_line(&mut lines).expect("UTF-8") > 0, "the witness has ended: {lines}");
        if let Some(port) = port_said(&lines) {
            break port;
        }
    };
    // A full pipe would stop the witness.
    thread::spawn(move || io::copy(&mut said, &mut io::sink()));
    (process, format!("http://127.0.0.1:{port}"))
}

/// Runs a command of `annals witness` that succeeds.
pub(crate) fn run(dir: &Path, arguments: &[&str]) -> Output {
    let output = try_run(dir, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Runs a command of `annals witness`, whatever comes of it.
pub(crate) fn try_run(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(ANNALS);
    command
        .arg("witness")
        .args(arguments)
        .arg("--dir")
        .arg(dir)
        .stdin(Stdio::null())
        .output()
        .expect("annals runs")
}
