//! The programs that the checks need: installs those that are missing.

use std::fs;

use anyhow::{Result, bail};

use crate::shell;

/// A Debian package.
struct Package {
    name: &'static str,
    /// Whether what it brings is there already, wherever it came from.
    is_there: fn() -> bool,
}

const PACKAGES: &[Package] = &[
    Package { name: "g++", is_there: || shell::is_on_path("c++") }, // libFuzzer is C++
    Package { name: "nodejs", is_there: || shell::is_on_path("node") },
    Package { name: "npm", is_there: || shell::is_on_path("npm") },
    Package { name: "postgresql", is_there: has_postgresql },
    Package { name: "python3-venv", is_there: has_venv },
    Package { name: "strace", is_there: || shell::is_on_path("strace") },
];

/// Cargo's subcommands, in versions that build with this repository's toolchain.
const SUBCOMMANDS: &[(&str, &str)] = &[("cargo-nextest", "0.9.143"), ("cargo-deny", "0.20.2")];

/// Installs what is missing, Debian's packages through `apt-get` (which takes root).
pub(super) fn install() -> Result<()> {
    let packages: Vec<&str> =
        PACKAGES.iter().filter(|package| !(package.is_there)()).map(|package| package.name).collect();
    if !packages.is_empty() {
        install_packages(&packages)?;
    }
    for (subcommand, version) in SUBCOMMANDS {
        if !shell::is_on_path(subcommand) {
            // Not optimised: that would take minutes, and these programs have only seconds of work to do.
            let arguments = ["install", "--debug", "--locked", subcommand, "--version", version];
            shell::run(shell::command("cargo", arguments).env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
        }
    }
    println!("every tool is there");
    Ok(())
}

fn install_packages(packages: &[&str]) -> Result<()> {
    let line = format!("apt-get install {}", packages.join(" "));
    if !shell::is_on_path("apt-get") {
        bail!("some programs are missing; install what Debian would with `{line}`");
    }
    if !is_root()? {
        bail!("some programs are missing; run `sudo {line}`");
    }
    shell::run(&mut shell::command("apt-get", ["update", "--quiet"]))?;
    let mut command = shell::command("apt-get", ["install", "--yes", "--quiet", "--no-install-recommends"]);
    shell::run(command.args(packages).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_root() -> Result<bool> {
    let (_, output, _) = shell::capture(&mut shell::command("id", ["-u"]))?;
    Ok(output.trim() == "0")
}

fn has_venv() -> bool {
    let mut command = shell::command("python3", ["-c", "import venv, ensurepip"]);
    shell::capture(&mut command).is_ok_and(|(found, _, _)| found)
}

/// Debian keeps the server's programs off the path, in a directory for each major version.
fn has_postgresql() -> bool {
    shell::is_on_path("initdb")
        || fs::read_dir("/usr/lib/postgresql").is_ok_and(|versions| {
            versions.flatten().any(|version| version.path().join("bin/initdb").is_file())
        })
}
