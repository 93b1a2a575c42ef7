//! `annals man`: the manual.

use std::{fs, io::Write, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap_mangen::Man;

use super::output;

/// Print the manual page, or write the pages of all commands
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals man | man -l -
  annals man --out ~/.local/share/man/man1 && man annals-import")]
pub(super) struct Args {
    /// Write a page for each command into this directory, which is created
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(directory) = &args.out {
        fs::create_dir_all(directory)
            .and_then(|()| clap_mangen::generate_to(super::definition(), directory))
            .with_context(|| format!("cannot write manual pages to {}", directory.display()))?;
    } else {
        let mut page = Vec::new();
        Man::new(super::definition()).render(&mut page)?;
        let mut out = output::stdout();
        out.write_all(&page)?;
        out.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}
