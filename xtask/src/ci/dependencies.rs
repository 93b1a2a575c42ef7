//! Dependencies: their licences and origins, and what must never come in through one of them.

use anyhow::{Result, bail, ensure};

use crate::shell;

/// Features of `serde_json` that any crate of the build could turn on for all: they would reorder the keys of events,
/// or change how untagged numbers are read.
const FORBIDDEN_FEATURES: &[&str] = &["preserve_order", "arbitrary_precision"];

/// Runs the checks of `deny.toml`, then looks at the tree for what that file cannot say.
pub(super) fn check() -> Result<()> {
    // Not `advisories`: cargo-deny fetches that database from a host that builds cannot reach.
    shell::run(&mut shell::command("cargo", ["deny", "--locked", "check", "licenses", "bans", "sources"]))?;
    one_crypto_provider()?;
    json_keeps_its_meaning()
}

/// rustls panics at run time if both of its crypto providers are compiled in; ours is aws-lc-rs.
fn one_crypto_provider() -> Result<()> {
    let users = tree(&["-e", "normal", "-i", "ring"])?;
    ensure!(users.trim().is_empty(), "`ring` is in the build:\n{users}");
    println!("`ring` is not in the build");
    Ok(())
}

fn json_keeps_its_meaning() -> Result<()> {
    let users = tree(&["-e", "features", "-i", "serde_json"])?;
    for feature in FORBIDDEN_FEATURES {
        let found = users.contains(&format!("serde_json feature \"{feature}\""));
        ensure!(!found, "something turns on `{feature}` of serde_json:\n{users}");
        println!("nothing turns on `{feature}` of serde_json");
    }
    Ok(())
}

/// What `cargo tree` says; nothing if it knows no such package.
fn tree(arguments: &[&str]) -> Result<String> {
    let mut command = shell::command("cargo", ["tree", "--workspace", "--locked"]);
    let (ok, output, errors) = shell::capture(command.args(arguments))?;
    if !ok && !errors.contains("did not match any packages") {
        bail!("`{}` failed:\n{errors}", shell::line_of(&command));
    }
    Ok(output)
}
