//! `annals completions`: completions for a shell.

use std::{io::Write, process::ExitCode};

use clap_complete::Shell;

use super::output;

/// Print completions for a shell
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals completions bash > ~/.local/share/bash-completion/completions/annals
  annals completions zsh > \"${fpath[1]}/_annals\"
  annals completions fish > ~/.config/fish/completions/annals.fish")]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::definition(), "annals", &mut script);
    let mut out = output::stdout();
    out.write_all(&script)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
