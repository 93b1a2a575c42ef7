//! Which log a command verifies over HTTP, with whose keys, and what to do about what it finds.

use std::time::Duration;

use annals_tlog::note::VerifierKey;
use indicatif::{ProgressBar, ProgressStyle};

use super::output;
use crate::verify::remote::{Progress, RemoteError, RemoteLog, Trust, Unchecked, Wrong};

/// The exit code of a command that found a log to be wrong.
pub(super) const WRONG: u8 = 3;

/// The arguments every command has that verifies a log over HTTP.
#[derive(clap::Args)]
#[command(next_help_heading = "Log")]
pub(super) struct Remote {
    /// The log, such as https://audit.example.com/tlog/acct_…, or with --account the server
    #[arg(long, env = "ANNALS_URL")]
    url: String,

    /// Token of the account whose log it is, if --url is that of the server
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,

    /// A verifier key of the log, as `annals key show` prints it; several while keys are rotated, one of which has to have signed
    #[arg(long = "key", value_name = "VKEY", required = true)]
    keys: Vec<String>,

    #[command(flatten)]
    access: Access,

    /// A key of a witness, which cosigns what it has seen
    #[arg(long = "witness", value_name = "VKEY")]
    witnesses: Vec<String>,

    /// How many of the witnesses have to have cosigned [default: all of them]
    #[arg(long, value_name = "N", requires = "witnesses")]
    quorum: Option<usize>,
}

/// How a log is read, wherever it is.
#[derive(clap::Args)]
pub(super) struct Access {
    /// An access token, unless the log is public; better in the environment, since other users of the machine can read
    /// command lines
    #[arg(long, env = "ANNALS_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// Seconds that one answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = RemoteLog::TIMEOUT.as_secs(), requires = "url")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

impl Remote {
    /// The log, of which nothing has been read yet.
    pub(super) fn log(&self) -> anyhow::Result<RemoteLog> {
        let witnesses = keys(&self.witnesses)?;
        let all = || {
            let mut names: Vec<&str> = witnesses.iter().map(VerifierKey::name).collect();
            names.sort_unstable();
            names.dedup();
            names.len()
        };
        let quorum = self.quorum.unwrap_or_else(all);
        let trust = Trust::new(keys(&self.keys)?, witnesses, quorum).map_err(|why| explain(&why.into()))?;
        self.access.log(&self.url, self.account.as_deref(), trust)
    }
}

impl Access {
    /// The log at `url`, or that of an account of the server there, of which nothing has been read yet.
    pub(super) fn log(&self, url: &str, account: Option<&str>, trust: Trust) -> anyhow::Result<RemoteLog> {
        let token = self.token.as_deref().map(str::trim).filter(|token| !token.is_empty());
        let timeout = Duration::from_secs(self.timeout);
        RemoteLog::new(&address(url, account)?, token, trust, timeout).map_err(|why| explain(&why.into()))
    }
}

fn address(url: &str, account: Option<&str>) -> anyhow::Result<String> {
    let url = url.trim().trim_end_matches('/');
    let Some(account) = account else { return Ok(url.to_owned()) };
    if url.contains("/tlog/") {
        return Err(output::usage(
            format!("{url} is the address of a log, not of a server"),
            "Give either the address of the log alone, or that of the server with --account.",
        ));
    }
    if account.is_empty() || !account.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(output::usage(
            format!("`{account}` is not the token of an account"),
            "`annals account list` shows the tokens, such as acct_0123456789abcdef.",
        ));
    }
    let server = url.strip_suffix("/v2").unwrap_or(url);
    Ok(format!("{server}/tlog/{account}"))
}

/// The keys in these arguments: one a line.
fn keys(arguments: &[String]) -> anyhow::Result<Vec<VerifierKey>> {
    let lines = arguments.iter().flat_map(|argument| argument.lines()).map(str::trim);
    let parse = |line: &str| {
        line.parse().map_err(|error| {
            output::usage(
                format!("`{line}` is no verifier key: {error}"),
                "`annals key show` prints the keys of a log, a line for each: copy the whole line.",
            )
        })
    };
    lines.filter(|line| !line.is_empty()).map(parse).collect()
}

/// How far a verification is: on standard error, and only when that is a terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::no_length();
        let template = "{bar:32} {percent:>3}% of {human_len} entries · {per_sec} · {eta} left";
        // The template is sound; a bar in the default style is better than none.
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Self(bar)
    }

    pub(super) fn update(&self, progress: Progress) {
        self.0.set_length(progress.of);
        self.0.set_position(progress.entries);
    }

    /// Takes the bar away, so that what follows stands in its place.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

/// An error with its next step, and the exit code that says what is known of the log.
pub(super) fn explain(error: &RemoteError) -> anyhow::Error {
    match error {
        RemoteError::Unchecked(why @ Unchecked::Invalid(_)) => {
            output::usage(why.to_string(), "`--help` says what the address and the keys of a log look like.")
        }
        RemoteError::Unchecked(why) => output::failure(why.to_string(), step_before(why), 1),
        RemoteError::Wrong(wrong) => output::failure(wrong.to_string(), step_after(wrong), WRONG),
    }
}

/// What to do about a log of which nothing could be learnt.
fn step_before(why: &Unchecked) -> &'static str {
    match why {
        Unchecked::Invalid(_) => "Call the command as `--help` says.",
        Unchecked::Unreachable { .. } => {
            "Nothing is known of the log. Check --url or ANNALS_URL, and whether the server runs."
        }
        Unchecked::Slow { .. } => {
            "Nothing is known of the log. Run the command again, or give the server more time with --timeout."
        }
        Unchecked::TooLong { .. } | Unchecked::NoNote { .. } => {
            "Nothing is known of the log. Check --url or ANNALS_URL: it is the address of a log, or with --account that \
             of a server."
        }
        Unchecked::Refused { status: 401 | 403, .. } => {
            "A log that is not public is read with an access token of its account, with the scope read and the role owner: \
             give one with --token or in ANNALS_TOKEN."
        }
        Unchecked::Refused { status: 404, url, .. } if url.contains("/tile/") => {
            "The log does not serve all that it signed. Run the command again; if that does not help, ask the operator."
        }
        Unchecked::Refused { status: 404, .. } => {
            "Check --url and --account: the log has to be there, and public or that of the access token's account."
        }
        Unchecked::Refused { status: 300..=399, .. } => {
            "Give the address that it redirects to with --url; redirects are not followed."
        }
        Unchecked::Refused { .. } => "Nothing is known of the log. Run the command again later.",
        Unchecked::NotCosigned { .. } => {
            "Run the command again: witnesses may be late. If that does not help, ask them what they have seen of the log."
        }
    }
}

/// What to do about a log that is wrong.
pub(super) fn step_after(wrong: &Wrong) -> &'static str {
    match wrong {
        Wrong::Signature { .. }
        | Wrong::Cosignature { .. }
        | Wrong::Origin { .. }
        | Wrong::Checkpoint { .. } => {
            "Compare --key and --witness with what the operator and the witnesses publish. If they are right, somebody else \
             answers at this address, or the log was given other keys."
        }
        Wrong::Shrunk { .. } => {
            "A cache between here and the server may have kept an old checkpoint: look again without it. If it stays, the log \
             was set back, perhaps to a backup, and what came after is gone or denied."
        }
        Wrong::Rewritten { .. } => {
            "The log signed both: it was rewritten, or shows different people different logs. Ask the operator, and compare \
             with others who watch the log."
        }
        Wrong::End { .. }
        | Wrong::Root { .. }
        | Wrong::Tile { .. }
        | Wrong::TileLength { .. }
        | Wrong::Bundle { .. }
        | Wrong::Entry { .. } => {
            "What is served is not what was signed: something was altered or damaged, in the server's storage or on the way. \
             Ask the operator."
        }
    }
}
