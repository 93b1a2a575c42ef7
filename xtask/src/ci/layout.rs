//! What the repository promises its readers: a map that is true, and files that say what they are.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::shell;

/// Longer files are hard to hold in the head. Tests may be longer, for they are read a case at a time.
const LINES_MAX: usize = 600;
/// Directories that hold no sources of ours.
const NOT_OURS: &[&str] = &[".git", "annals-data", "node_modules", "target"];
/// What ends the name of a file, where a document names one without its directory.
const EXTENSIONS: &[&str] = &["lock", "md", "rs", "sql", "toml"];

/// Checks the map and every Rust file, and names all that is wrong.
pub(super) fn check() -> Result<()> {
    let mut files = Vec::new();
    list(shell::root(), &mut files)?;
    let mut faults = missing_paths(&read("ARCHITECTURE.md".as_ref())?, &files);
    let sources: Vec<&PathBuf> =
        files.iter().filter(|file| file.extension() == Some(OsStr::new("rs"))).collect();
    for source in &sources {
        faults.extend(faults_of(source, &read(source)?));
    }
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    println!("the map is true, and {} source files are in order", sources.len());
    Ok(())
}

fn faults_of(source: &Path, text: &str) -> Vec<String> {
    let name = source.display();
    let mut faults = Vec::new();
    if !text.starts_with("//! ") {
        faults.push(format!("{name}: the first line must say what the file is (`//! …`)"));
    }
    if source.file_name() == Some(OsStr::new("mod.rs")) {
        faults.push(format!("{name}: a module `foo` is `foo.rs` beside `foo/`, not `foo/mod.rs`"));
    }
    let is_test = source.components().any(|part| part.as_os_str() == "tests") || source.ends_with("tests.rs");
    let lines = text.lines().count();
    if lines > LINES_MAX && !is_test {
        faults.push(format!("{name}: {lines} lines are more than {LINES_MAX}"));
    }
    faults
}

/// The paths that a document names (as code or as the target of a link) and that are not there.
fn missing_paths(document: &str, files: &[PathBuf]) -> Vec<String> {
    let code = document.split('`').skip(1).step_by(2);
    let links = document.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    code.chain(links)
        .filter(|words| is_path(words))
        .filter(|path| !names_a_file(path.trim_end_matches('/'), files))
        .map(|path| format!("ARCHITECTURE.md: there is no {path}"))
        .collect()
}

/// Whether a word of a document is meant as a path of this repository: it starts with a directory of the root, or it is
/// the name of a file.
fn is_path(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if word.starts_with('/') || !word.chars().all(plain) {
        return false;
    }
    let extension = Path::new(word).extension().and_then(OsStr::to_str);
    let in_a_directory = word.split_once('/').is_some_and(|(first, _)| shell::root().join(first).is_dir());
    in_a_directory || extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

/// Whether `path` is there, from the root or, as in a list of one directory's files, as the end of some file's path.
fn names_a_file(path: &str, files: &[PathBuf]) -> bool {
    shell::root().join(path).exists() || files.iter().any(|file| file.ends_with(path))
}

/// Adds the files below `directory`, relative to the root.
fn list(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if !entry.file_type()?.is_dir() {
            files.push(path.strip_prefix(shell::root())?.to_path_buf());
        } else if !NOT_OURS.iter().any(|name| entry.file_name() == *name) {
            list(&path, files)?;
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(shell::root().join(file)).with_context(|| format!("cannot read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_true_if_all_it_names_is_there() {
        let files = [PathBuf::from("crates/a/src/append/sequencer.rs"), PathBuf::from("xtask/src/main.rs")];
        let missing = |document: &str| missing_paths(document, &files);
        assert_eq!(
            missing("start at `xtask/src/main.rs`, then `sequencer.rs` and `append/sequencer.rs`"),
            [""; 0]
        );
        assert_eq!(
            missing("`xtask/` `application/json` `/v2/ping` `Vec<u8>` `a.b` `cargo xtask ci`"),
            [""; 0]
        );
        assert_eq!(missing("see `xtask/src/gone.rs`"), ["ARCHITECTURE.md: there is no xtask/src/gone.rs"]);
        assert_eq!(missing("see [there](docs/gone.md#part)"), ["ARCHITECTURE.md: there is no docs/gone.md"]);
        assert_eq!(missing("see `gone.rs`"), ["ARCHITECTURE.md: there is no gone.rs"]);
    }

    #[test]
    fn a_source_file_says_what_it_is_and_is_short() {
        let long = format!("//! What it is.\n{}", "\n".repeat(LINES_MAX));
        assert!(faults_of("src/a.rs".as_ref(), "//! What it is.\n").is_empty());
        assert!(faults_of("tests/it/a.rs".as_ref(), &long).is_empty());
        assert!(faults_of("src/a/tests.rs".as_ref(), &long).is_empty());
        assert_eq!(faults_of("src/a.rs".as_ref(), &long).len(), 1);
        assert_eq!(faults_of("src/a.rs".as_ref(), "use std::fs;\n").len(), 1);
        assert_eq!(faults_of("src/a/mod.rs".as_ref(), "//! What it is.\n").len(), 1);
    }
}
