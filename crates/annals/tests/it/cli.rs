//! The command line as people and scripts use it: what it prints where, how it ends, and what a running server sees of it.

mod administration;
mod errors;
mod events;
mod help;
mod import;

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::support::{ANNALS, Server};

/// The binary, with nothing of the environment that it would read.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(ANNALS);
    command.args(arguments).stdin(Stdio::null()).env("COLUMNS", "100").env("NO_COLOR", "1");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ANNALS_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command that talks to a server.
fn at(server: &Server, token: &str, arguments: &[&str], input: Option<&str>) -> Ran {
    let mut command = command(arguments);
    command.env("ANNALS_URL", &server.url).env("ANNALS_TOKEN", token);
    Ran::of(command, input)
}

/// Runs a command that works on a data directory.
fn on(data_dir: &Path, arguments: &[&str]) -> Ran {
    let mut command = command(arguments);
    command.arg("--data-dir").arg(data_dir);
    Ran::of(command, None)
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Runs it, with this on standard input.
    pub(crate) fn of(mut command: Command, input: Option<&str>) -> Self {
        let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("annals runs");
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            // It may end before it has read everything.
            drop(stdin.write_all(input.as_bytes()));
        }
        let Output { status, stdout, stderr } = child.wait_with_output().expect("annals ends");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: status.code().expect("it ends by itself"), stdout: text(stdout), stderr: text(stderr) }
    }

    /// What a successful command printed.
    #[track_caller]
    pub(crate) fn ok(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        &self.stdout
    }

    /// The one value that a successful command printed, on a line by itself.
    #[track_caller]
    fn value(&self) -> String {
        let value = self.ok().strip_suffix('\n').expect("a whole line");
        assert!(!value.is_empty() && !value.contains(char::is_whitespace), "{self:?}");
        value.to_owned()
    }

    /// The JSON values of a successful command, one a line.
    #[track_caller]
    fn lines(&self) -> Vec<Value> {
        self.ok().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// What a failed command said: an error and a next step, and nothing on standard output.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        &self.stderr
    }
}

/// Whether `text` is the prefix and sixteen lower-case hexadecimal digits.
fn is_token(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        digits.len() == 16 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}
