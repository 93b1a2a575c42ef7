//! Real clients of the API against the built server: the tests in `tests/clients`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell;

/// Builds the server, fetches the clients unless they are there, and runs both suites.
pub(super) fn test() -> Result<()> {
    shell::run(&mut shell::command("cargo", ["build", "--package", "annals", "--locked"]))?;
    let binary = shell::target().join("debug/annals");
    let tests = shell::root().join("tests/clients");

    let python = python(&tests)?;
    let mut pytest = shell::command(python, ["-B", "-m", "pytest"]);
    shell::run(pytest.current_dir(tests.join("python")).env("ANNALS_BIN", &binary))?;

    node_modules(&tests)?;
    let mut node = shell::command("node", ["--test", "--test-reporter=spec"]);
    shell::run(node.current_dir(tests.join("node")).env("ANNALS_BIN", &binary))
}

/// The interpreter of a virtual environment that holds exactly what requirements.txt says.
fn python(tests: &Path) -> Result<PathBuf> {
    let home = shell::target().join("clients/venv");
    let interpreter = home.join("bin/python");
    let wanted = tests.join("python/requirements.txt");
    refresh(&wanted, &home.join("requirements.txt"), || {
        shell::run(shell::command("python3", ["-m", "venv", "--clear"]).arg(&home))?;
        // Every package is named in the file, so nothing may come in that is not.
        let pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "-r"];
        shell::run(shell::command(&interpreter, pip).arg(&wanted))?;
        shell::run(&mut shell::command(&interpreter, ["-m", "pip", "check"]))
    })?;
    Ok(interpreter)
}

/// Installs what package-lock.json says, where Node looks for it.
fn node_modules(tests: &Path) -> Result<()> {
    let home = tests.join("node");
    refresh(&home.join("package-lock.json"), &home.join("node_modules/.installed.json"), || {
        shell::run(shell::command("npm", ["ci", "--no-audit", "--no-fund"]).current_dir(&home))
    })
}

/// Installs anew unless the copy of `wanted` that was left behind by the last installation is still the same.
fn refresh(wanted: &Path, installed: &Path, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let wanted_bytes = fs::read(wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    if fs::read(installed).is_ok_and(|bytes| bytes == wanted_bytes) {
        return Ok(());
    }
    install()?;
    fs::copy(wanted, installed).with_context(|| format!("cannot write {}", installed.display()))?;
    Ok(())
}
