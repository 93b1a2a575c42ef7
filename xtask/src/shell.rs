//! Other programs: they run in the repository's root, and each is shown before it starts.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        own.parent().unwrap_or(own).to_path_buf()
    });
    &ROOT
}

/// Where Cargo builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A command that runs in the repository's root.
pub(crate) fn command<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = A>,
) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Shows `command`, runs it with the terminal's input and output, and fails if it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    ensure!(status.success(), "`{line}` ended with {status}");
    Ok(())
}

/// Runs `command` unseen and returns whether it succeeded, its output, and its error output.
pub(crate) fn capture(command: &mut Command) -> Result<(bool, String, String)> {
    let output = command.output().with_context(|| format!("cannot start `{}`", line_of(command)))?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((output.status.success(), text(output.stdout), text(output.stderr)))
}

/// Whether a program of this name can be started.
pub(crate) fn is_on_path(program: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|directory| directory.join(program).is_file()))
}

/// `command` as one would type it in the repository's root.
pub(crate) fn line_of(command: &Command) -> String {
    let mut words = Vec::new();
    if let Some(directory) = command.get_current_dir()
        && directory != root()
    {
        let inside = directory.strip_prefix(root()).unwrap_or(directory);
        words.push(format!("cd {} &&", inside.display()));
    }
    for (name, value) in command.get_envs() {
        let value = value.unwrap_or_default();
        words.push(format!("{}={}", name.display(), quoted(value)));
    }
    words.push(quoted(command.get_program()));
    words.extend(command.get_args().map(quoted));
    words.join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into_owned() } else { format!("'{word}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut plain = command("cargo", ["clippy", "--", "-D", "warnings"]);
        assert_eq!(line_of(&plain), "cargo clippy -- -D warnings");
        plain.current_dir(root().join("tests")).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(line_of(&plain), "cd tests && RUSTDOCFLAGS='-D warnings' cargo clippy -- -D warnings");
    }

    #[test]
    fn a_command_that_fails_is_an_error_that_names_it() {
        let error = run(&mut command("false", ["", "now"])).expect_err("it fails");
        assert!(error.to_string().starts_with("`false '' now` ended with"), "{error}");
    }
}
