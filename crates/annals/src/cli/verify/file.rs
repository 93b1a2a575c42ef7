//! A proof file: one entry, or part of one, and all that it takes to check that the log has it.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use annals_format::Disclosure;
use annals_tlog::{proof::verify_inclusion, proof_file::ProofFile};
use anyhow::{Context, anyhow, ensure};

use super::keys::{Signers, Trusted};
use crate::cli::output::HintExt;

/// Longest proof file, in bytes: the longest extra data in base64, the longest note, and room for the proof.
const BYTES_MAX: u64 = 8 << 20;

/// An entry that is in a log, with what that was seen from.
pub(super) struct Proven<'k> {
    pub(super) file: ProofFile,
    pub(super) entry: Disclosure,
    pub(super) signers: Signers<'k>,
}

/// Checks everything that the file at `path` says, where `-` is standard input.
pub(super) fn check<'k>(path: &Path, trusted: &'k Trusted) -> anyhow::Result<Proven<'k>> {
    const ALTERED: &str = "The file was altered, or is of another entry: get it from the log again.";
    let bytes = read(path).hint("Give the path of a proof file, or - for standard input.")?;
    let file = ProofFile::parse(&bytes)
        .context("this is no proof file")
        .hint("Give a file that an annals server made; it begins with c2sp.org/tlog-proof@v1.")?;
    let disclosed = file.extra().ok_or_else(|| anyhow!("the proof file does not have its entry in it"));
    let entry =
        Disclosure::parse(disclosed.hint("Give a file that an annals server made: it has a line `extra`.")?)
            .context("the entry in the proof file is wrong")
            .hint(ALTERED)?;
    let checkpoint = file.checkpoint();
    let signers = trusted.check(file.note(), checkpoint)?;
    verify_inclusion(entry.leaf_hash(), file.index(), checkpoint.size(), checkpoint.root(), file.hashes())
        .with_context(|| {
            format!("the log {} does not have this entry at index {}", checkpoint.origin(), file.index())
        })
        .hint(ALTERED)?;
    Ok(Proven { file, entry, signers })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let (name, input): (_, Box<dyn Read>) = if path.as_os_str() == "-" {
        ("standard input".to_owned(), Box::new(io::stdin()))
    } else {
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
        (name, Box::new(file))
    };
    let mut bytes = Vec::new();
    input.take(BYTES_MAX + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    ensure!(bytes.len() as u64 <= BYTES_MAX, "{name} is longer than any proof file: more than 8 MiB");
    Ok(bytes)
}
