//! Errors as people read them: one sentence, a next step, and an exit code.

use std::{
    error::Error as StdError,
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use annals_client::Error as ClientError;

use super::{Closed, colours, text::plain};

/// An error with a next step, and the exit code of the command it ends.
#[derive(Debug)]
struct Hinted {
    error: anyhow::Error,
    hint: String,
    exit_code: u8,
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl StdError for Hinted {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}

/// Adds a next step to an error.
pub(in crate::cli) trait HintExt<T> {
    /// What the person who reads the error can do next: whole sentences.
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> HintExt<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| Hinted { error: error.into(), hint: hint.into(), exit_code: 1 }.into())
    }
}

/// Adds a step that comes after those the error has already.
pub(in crate::cli) fn hint_also(error: anyhow::Error, hint: &str) -> anyhow::Error {
    let hint = hint_of(&error).map_or_else(|| hint.to_owned(), |first| format!("{first} {hint}"));
    let exit_code = exit_code(&error);
    Hinted { error, hint, exit_code }.into()
}

/// The error of a command that was called wrongly; it ends with exit code 2.
pub(in crate::cli) fn usage(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Hinted { error: anyhow::Error::msg(message.into()), hint: hint.into(), exit_code: 2 }.into()
}

/// The error of a command whose exit code says more than that it failed.
pub(in crate::cli) fn failure(
    message: impl Into<String>,
    hint: impl Into<String>,
    exit_code: u8,
) -> anyhow::Error {
    Hinted { error: anyhow::Error::msg(message.into()), hint: hint.into(), exit_code }.into()
}

/// The exit code of a command that ends with this error.
pub(in crate::cli) fn exit_code(error: &anyhow::Error) -> u8 {
    hinted(error).map_or(1, |hinted| hinted.exit_code)
}

/// Tells standard error what went wrong and what to do next, and answers the exit code.
///
/// A closed pipe is no error: whoever reads the output has seen enough.
pub(in crate::cli) fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        return ExitCode::SUCCESS;
    }
    let mut stderr = io::stderr().lock();
    let [red, cyan, off] = if colours(&stderr) { ["\x1b[1;31m", "\x1b[1;36m", "\x1b[0m"] } else { [""; 3] };
    drop(writeln!(stderr, "{red}error:{off} {}", describe(error)));
    if let Some(hint) = hint_of(error) {
        drop(writeln!(stderr, "{cyan}hint:{off} {hint}"));
    }
    ExitCode::from(exit_code(error))
}

/// The error and its causes in one line, each said once.
pub(in crate::cli) fn describe(error: &anyhow::Error) -> String {
    let mut causes: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        let said = causes.last().is_some_and(|last| last.contains(&text));
        if !said {
            causes.push(text);
        }
        // Between these and the root are the layers of the network stack, which tell nobody anything.
        if let Some(ClientError::Unreachable { source, .. } | ClientError::Lost { source, .. }) =
            cause.downcast_ref()
        {
            causes.push(root(source.as_ref()).to_string());
            break;
        }
    }
    plain(&causes.join(": ")).into_owned()
}

fn root<'a>(mut error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

fn hinted(error: &anyhow::Error) -> Option<&Hinted> {
    error.chain().find_map(|error| error.downcast_ref())
}

/// The next step: the one given with the error, or else the usual one after an error of the client.
fn hint_of(error: &anyhow::Error) -> Option<String> {
    match hinted(error) {
        Some(hinted) => Some(hinted.hint.clone()),
        None => next_step(error.chain().find_map(|error| error.downcast_ref())?),
    }
}

/// The next step after an error of the client, where there is one whatever the command.
fn next_step(error: &ClientError) -> Option<String> {
    let step = match error {
        ClientError::Unreachable { .. } => {
            "Start a server with `annals serve`, or say where it is with --url or ANNALS_URL."
        }
        ClientError::Lost { .. } => "Run the command again; if that does not help, look at the server's log.",
        ClientError::Answer { .. } => "Check --url or ANNALS_URL: it is the address of an annals server.",
        ClientError::Api(refusal) => match (refusal.status, refusal.retry_after) {
            (401, _) => {
                "Give a valid access token with --token or in ANNALS_TOKEN; `annals token create` makes one."
            }
            (403, _) => {
                "Use an access token with the scope and role it takes; `annals token create` makes one."
            }
            (404, _) => "Check the token: only the audit logs of the access token's account are found.",
            (429 | 503, Some(wait)) => return Some(format!("Try again in {} s.", wait.as_secs().max(1))),
            (300..=399, _) => "Give the address that it redirects to with --url; redirects are not followed.",
            _ => return None,
        },
        _ => return None,
    };
    Some(step.to_owned())
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.get_ref().is_some_and(<dyn StdError + Send + Sync>::is::<Closed>))
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn causes_are_said_once_and_the_network_stack_is_left_out() {
        let network = io::Error::other(io::Error::other("Connection refused (os error 111)"));
        let error = ClientError::Unreachable { url: "http://127.0.0.1:1".into(), source: Box::new(network) };
        let error = Err::<(), _>(error).context("cannot list").hint("Try.").expect_err("an error");
        assert_eq!(
            describe(&error),
            "cannot list: cannot reach http://127.0.0.1:1: Connection refused (os error 111)"
        );
        let doubled = anyhow::anyhow!("inner").context("outer: inner");
        assert_eq!(describe(&doubled), "outer: inner");
    }

    #[test]
    fn hints_survive_further_context() {
        let error =
            Err::<(), _>(usage("wrong", "Do it right.")).context("while trying").expect_err("an error");
        let hinted = hinted(&error);
        assert_eq!(hinted.map(|hinted| (hinted.hint.as_str(), hinted.exit_code)), Some(("Do it right.", 2)));
        assert_eq!(describe(&error), "while trying: wrong");
    }

    #[test]
    fn steps_are_told_in_order() {
        let error = ClientError::Unreachable { url: String::new(), source: "".into() };
        let error = hint_also(anyhow::Error::new(error).context("stopped"), "Run it again.");
        assert_eq!(
            hint_of(&error).expect("a hint"),
            "Start a server with `annals serve`, or say where it is with --url or ANNALS_URL. Run it again."
        );
        assert_eq!(hint_of(&anyhow::anyhow!("unknown")), None);
    }

    #[test]
    fn only_a_closed_standard_output_is_quiet() {
        let ours = super::super::closed(io::ErrorKind::BrokenPipe.into());
        assert!(is_closed_pipe(&ours.into()));
        assert!(!is_closed_pipe(&io::Error::from(io::ErrorKind::BrokenPipe).into()));
    }
}
