//! The help of every command as it is, and what is made from the same definition.

use clap::Command;

use super::{Ran, command, on};
use crate::support::Server;

#[test]
fn the_help_of_every_command_is_as_it_was() {
    let root = annals::cli::definition();
    insta::assert_snapshot!("help", help(&[]));
    for top in root.get_subcommands() {
        let mut paths = vec![vec![top.get_name()]];
        collect(top, &mut paths);
        let texts: Vec<String> =
            paths.iter().map(|path| format!("$ annals {} --help\n{}", path.join(" "), help(path))).collect();
        insta::assert_snapshot!(format!("help_{}", top.get_name()), texts.join("\n"));
    }
}

/// Adds the paths of all commands below `parent`, which is the last of `paths`.
fn collect<'a>(parent: &'a Command, paths: &mut Vec<Vec<&'a str>>) {
    let above = paths.last().cloned().unwrap_or_default();
    for child in parent.get_subcommands() {
        paths.push([above.as_slice(), &[child.get_name()]].concat());
        collect(child, paths);
    }
}

fn help(path: &[&str]) -> String {
    let ran = Ran::of(command(&[path, &["--help"]].concat()), None);
    assert_eq!(ran.stderr, "");
    ran.ok().to_owned()
}

#[test]
fn every_shell_and_the_manual_get_every_command() {
    let root = annals::cli::definition();
    let commands: Vec<&str> = root.get_subcommands().map(Command::get_name).collect();
    assert!(commands.len() > 10, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Ran::of(command(&["completions", shell]), None);
        for name in &commands {
            assert!(script.ok().contains(name), "{name} in the completions of {shell}");
        }
    }
    let page = Ran::of(command(&["man"]), None);
    assert!(page.ok().contains(".TH annals 1"), "{page:?}");
    let dir = tempfile::tempdir().expect("a directory");
    let pages = dir.path().join("man1");
    assert_eq!(Ran::of(command(&["man", "--out", pages.to_str().expect("UTF-8")]), None).ok(), "");
    for name in &commands {
        let page = std::fs::read_to_string(pages.join(format!("annals-{name}.1"))).expect("a page");
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
    assert!(pages.join("annals-token-create.1").exists());
}

#[tokio::test]
async fn the_doctor_finds_nothing_wrong_and_prints_every_limit() {
    let (server, _) = Server::start().await;
    let ran = on(&server.data_dir, &["doctor", "--json"]);
    let found: serde_json::Value = serde_json::from_str(ran.ok()).expect("JSON");
    assert_eq!(
        (&found["ok"], found["limits"].as_array().map(Vec::len)),
        (&true.into(), Some(annals::limits::ALL.len()))
    );
    let shown = on(&server.data_dir, &["doctor"]);
    for limit in annals::limits::ALL {
        assert!(shown.ok().contains(limit.what), "{} in {shown:?}", limit.what);
    }
    assert!(shown.stdout.contains(&server.pid().to_string()), "the running server is seen: {shown:?}");
}
