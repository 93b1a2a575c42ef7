//! `annals doctor`: looks at an installation, says what is wrong and what to do about it, and prints every limit.

mod checks;
mod disk;
mod finding;

use std::{io::Write, path::PathBuf, process::ExitCode};

use comfy_table::{CellAlignment, Color};
use serde_json::json;

use super::{
    connection::block_on,
    output::{self, Screen, Stdout},
};
use crate::{
    config::{self, Config, Environment, Flags},
    limits,
};
use finding::{Finding, Verdict};

/// Check the installation, and print every limit of the server
///
/// Looks at the configuration, the data directory and its disk, the catalog, the clock and the limits of the system,
/// also while a server runs. Nothing is changed but for a file that is written to measure the disk, and removed.
///
/// The exit code is 0 when a server can run here, and 1 when something is wrong.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals doctor
  annals doctor --data-dir /var/lib/annals --json | jq '.findings[] | select(.verdict != \"good\")'")]
pub(super) struct Args {
    /// Directory that the server keeps its data in [env: ANNALS_DATA_DIR, default: as in the configuration]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,

    /// Configuration file [env: ANNALS_CONFIG, default: annals.toml in the working directory if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print findings and limits as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let findings = examine(args);
    let mut out = output::stdout();
    if args.json { print_json(&mut out, &findings) } else { print(&mut out, &findings) }?;
    out.flush()?;
    let wrong = findings.iter().any(|finding| finding.verdict == Verdict::Wrong);
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn examine(args: &Args) -> Vec<Finding> {
    let flags = Flags::of(args.config.clone(), args.data_dir.clone());
    let loaded = config::load(&flags, &Environment::of_process(), Config::default());
    let mut findings = vec![checks::configuration(&loaded)];
    // With a broken configuration, what the command line names can still be looked at.
    let named = args.data_dir.as_ref().map(PathBuf::from);
    if let Some(data_dir) = loaded.ok().map(|loaded| loaded.config.data_dir).or(named) {
        findings.extend(checks::data_dir(&data_dir));
        let catalog = block_on(async { Ok(checks::catalog(&data_dir).await) });
        findings.extend(catalog.unwrap_or_default());
    }
    findings.push(checks::clock());
    findings.push(checks::open_files());
    findings
}

fn print(out: &mut Stdout, findings: &[Finding]) -> anyhow::Result<()> {
    let screen = Screen::of_stdout();
    let mut table = screen.table(&["CHECK", "RESULT", "FOUND"]);
    for finding in findings {
        let colour = match finding.verdict {
            Verdict::Good => Color::Green,
            Verdict::Notice => Color::Yellow,
            Verdict::Wrong => Color::Red,
        };
        let found = match &finding.next_step {
            Some(step) => format!("{}\n→ {step}", output::plain(&finding.found)),
            None => output::plain(&finding.found).into_owned(),
        };
        table.add_row(vec![
            finding.check.into(),
            screen.coloured(finding.verdict.as_str(), colour),
            found.into(),
        ]);
    }
    writeln!(out, "{}\n", table.trim_fmt())?;

    let mut table = screen.table(&["LIMIT", "AT MOST", ""]);
    for limit in limits::ALL {
        table.add_row([limit.what.to_owned(), output::grouped(limit.max), limit.unit.to_owned()]);
    }
    if let Some(numbers) = table.column_mut(1) {
        numbers.set_cell_alignment(CellAlignment::Right);
    }
    Ok(writeln!(out, "{}", table.trim_fmt())?)
}

fn print_json(out: &mut Stdout, findings: &[Finding]) -> anyhow::Result<()> {
    let limits: Vec<_> = limits::ALL
        .iter()
        .map(|limit| json!({ "what": limit.what, "max": limit.max, "unit": limit.unit }))
        .collect();
    let ok = findings.iter().all(|finding| finding.verdict != Verdict::Wrong);
    Ok(writeln!(out, "{:#}", json!({ "ok": ok, "findings": findings, "limits": limits }))?)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    use super::*;
    use crate::data_dir;

    fn examine_dir(path: &Path) -> Vec<Finding> {
        let data_dir = Some(path.to_str().expect("UTF-8").to_owned());
        examine(&Args { data_dir, config: None, json: false })
    }

    fn verdict(findings: &[Finding], check: &str) -> Verdict {
        let found: Vec<_> = findings.iter().filter(|finding| finding.check == check).collect();
        found
            .iter()
            .map(|finding| finding.verdict)
            .max()
            .unwrap_or_else(|| panic!("no {check} in {findings:?}"))
    }

    /// A directory as `annals serve` makes it.
    fn fresh() -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).expect("permissions");
        directory
    }

    #[test]
    fn nothing_is_wrong_with_a_fresh_directory_and_nothing_is_left_in_it() {
        let directory = fresh();
        let findings = examine_dir(directory.path());
        for finding in &findings {
            assert_ne!(finding.verdict, Verdict::Wrong, "{finding:?}");
            assert_eq!(finding.verdict == Verdict::Good, finding.next_step.is_none(), "{finding:?}");
        }
        assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 0);
    }

    #[test]
    fn a_catalog_and_a_running_server_are_seen() {
        let directory = fresh();
        drop(data_dir::open_catalog(directory.path()).expect("a catalog"));
        let lock = data_dir::lock(directory.path()).expect("free");
        let findings = examine_dir(directory.path());
        assert_eq!(verdict(&findings, "catalog"), Verdict::Good);
        let server = findings.iter().find(|finding| finding.check == "server").expect("a finding");
        assert!(server.found.contains(&std::process::id().to_string()), "{server:?}");
        drop(lock);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a file of a test need not last")]
    fn what_is_wrong_is_said() {
        let directory = fresh();
        assert_eq!(
            verdict(&examine_dir(&directory.path().join("missing")), "data directory"),
            Verdict::Notice
        );
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        assert_eq!(verdict(&examine_dir(directory.path()), "permissions"), Verdict::Notice);
        fs::write(directory.path().join("catalog.sqlite"), "this is no database, whatever it is called")
            .expect("a file");
        assert_eq!(verdict(&examine_dir(directory.path()), "catalog"), Verdict::Wrong);
        let file = directory.path().join("catalog.sqlite");
        assert_eq!(verdict(&examine_dir(&file), "data directory"), Verdict::Wrong);
    }
}
