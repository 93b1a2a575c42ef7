//! Proofs that one entry is in a log, for whoever has the log's key and asks nobody else.

use std::time::Duration;

use annals_format::{Row, entry::Section};
use annals_store::{AccountId, ReadError};
use annals_tlog::{
    leaf_hash,
    note::Note,
    proof::{Plan, verify_inclusion},
    proof_file::ProofFile,
};

use super::Signer;

/// Why there is no proof now.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The entry is in no tree that was signed.
    #[error("the audit log is in no signed checkpoint yet; try again shortly")]
    NotSigned,
    /// The log is not signed any more.
    #[error(
        "the audit log is in no signed checkpoint, and the log is not signed at present; the server's log says why"
    )]
    Refused,
}

impl Signer {
    /// How long a proof waits for a checkpoint that covers its entry: a few rounds of signing.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// The proof file of the entry that has this row at this index, without the sections in `withhold`.
    ///
    /// It is for the last checkpoint that is shown, with the cosignatures that it has by then. An entry that was just recorded is
    /// waited for until it is signed, some seconds at most.
    pub async fn prove(
        &self,
        account: AccountId,
        index: u64,
        row: &[u8],
        withhold: &[Section],
    ) -> Result<String, ProofError> {
        // Nobody need wait for what does not come.
        let patience = if self.refuses(account) { Duration::ZERO } else { Self::PATIENCE };
        let Some(signed) = self.covering(account, index, patience).await else {
            return Err(if self.refuses(account) { ProofError::Refused } else { ProofError::NotSigned });
        };
        let corrupt = |error: &dyn std::fmt::Display| ReadError::Corrupt(error.to_string());
        let row = Row::decode(row).map_err(|error| corrupt(&error))?;
        let plan = Plan::inclusion(index, signed.size).map_err(|error| corrupt(&error))?;
        let hashes = self.tiles.build(account, &plan).await?;
        // Whatever is wrong with the catalog or a segment is found here, and not by an auditor in ten years.
        let leaf = leaf_hash(row.leaf().as_bytes());
        verify_inclusion(leaf, index, signed.size, signed.root, &hashes).map_err(|error| corrupt(&error))?;
        let note = Note::parse(signed.note.as_bytes()).map_err(|error| corrupt(&error))?;
        let entry = row.disclosure(withhold).into_bytes();
        let file = ProofFile::new(index, hashes, note, Some(entry)).map_err(|error| corrupt(&error))?;
        Ok(file.to_string())
    }
}
