//! `annals proof`: a proof file for one audit log.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use annals_format::entry::Section;
use annals_tlog::proof_file::ProofFile;
use anyhow::Context;
use clap::{
    builder::{PossibleValuesParser, TypedValueParser as _},
    error::ErrorKind,
};

use super::{
    connection::{ANSWER_TIMEOUT, Connection, block_on},
    output::{self, HintExt},
};

/// Get a proof that an audit log is in the log, for whoever does not trust this server
///
/// The proof is a file that `annals verify` checks offline, with the log's key. It shows the audit log, or some of it: sections
/// that are withheld are not in the file, and cannot be found out by trying.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals proof adt_lg_7c1f0a93be52d846 > event.tlog-proof
  annals verify event.tlog-proof --key \"$(annals key show)\"
  annals proof adt_lg_7c1f0a93be52d846 --withhold actor,context --out event.tlog-proof")]
pub(super) struct Args {
    /// Token of the audit log: adt_lg_…
    #[arg(value_name = "AUDIT_LOG")]
    audit_log: String,

    /// Sections to leave out: who it was, the object's title, what changed, the context and metadata
    #[arg(long, value_name = "SECTIONS", value_delimiter = ',', value_parser = section())]
    withhold: Vec<Section>,

    /// File to write the proof to [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    connection: Connection,
}

fn section() -> impl clap::builder::TypedValueParser<Value = Section> {
    PossibleValuesParser::new(Section::ALL.map(Section::as_str))
        .try_map(|name| Section::parse(&name).ok_or_else(|| clap::Error::new(ErrorKind::InvalidValue)))
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let client = args.connection.client(ANSWER_TIMEOUT)?;
    let withhold: Vec<&str> = args.withhold.iter().map(|section| section.as_str()).collect();
    let proof = block_on(async { Ok(client.proof(&args.audit_log, &withhold).await?) })?;
    // Whoever gets the file later cannot ask again.
    ProofFile::parse(&proof)
        .context("the server's answer is no proof file")
        .hint("Check --url: is it an annals server?")?;
    match &args.out {
        Some(path) => write(path, &proof)
            .with_context(|| format!("cannot write the proof to {}", path.display()))
            .hint("Name another file with --out, or leave it out for standard output.")?,
        None => {
            let mut out = output::stdout();
            out.write_all(&proof)?;
            out.flush()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, proof: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(proof)?;
    file.sync_all()
}
