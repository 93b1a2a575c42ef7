//! The other side: asking a witness to cosign a checkpoint of one's own log.

use std::{error::Error, time::Duration};

use annals_tlog::{
    Hash,
    checkpoint::{Checkpoint, CheckpointError},
    note::{KeyType, Note, NoteError, NoteSignature, VerifierKey, VerifyError},
    witness::{AddCheckpoint, AddCheckpointError, parse_signatures, parse_size},
};
use reqwest::{Client, Response, StatusCode, header, redirect};

use crate::limits;

/// Time for a witness to answer, from the connection to the last byte.
const TIME_MAX: Duration = Duration::from_secs(limits::WITNESS_ANSWER_SECONDS_MAX);

/// Characters of an error that a witness gives the reason for that are passed on.
const SAID_CHARS_MAX: usize = 200;

/// A witness that is asked for cosignatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The prefix of its address: `/add-checkpoint` comes behind it.
    pub url: String,
    /// The keys that it is trusted to cosign with.
    pub keys: Vec<VerifierKey>,
}

/// The HTTP client to ask these witnesses with: it follows no redirects, as nobody has named where they lead.
///
/// # Errors
///
/// One of the witnesses speaks HTTPS, and the system has no certificates to check its own with.
pub fn http_client(witnesses: &[Witness]) -> Result<Client, WitnessError> {
    let mut http = Client::builder()
        .user_agent(concat!("annals/", env!("CARGO_PKG_VERSION")))
        .timeout(TIME_MAX)
        .redirect(redirect::Policy::none());
    if witnesses.iter().all(|witness| witness.url.starts_with("http://")) {
        // Without TLS the system's certificates are not needed; a slim container may have none.
        http = http.tls_certs_only([]);
    }
    http.build().map_err(WitnessError::Http)
}

impl Witness {
    /// Has a checkpoint cosigned, and returns the cosignatures to add to its note: at least one, only of the keys of
    /// this witness, and all of this very checkpoint.
    ///
    /// `checkpoint` is signed by its log. `old_size` is what the witness is thought to have cosigned last: the size of
    /// the last checkpoint for which this returned cosignatures, or 0. If it is another, the witness says so and is
    /// asked a second time. `prove` makes the consistency proof from a size to that of the checkpoint; it is called
    /// only for sizes between 0 and that, both excluded.
    ///
    /// # Errors
    ///
    /// The witness was not reached or does not cosign the checkpoint, `prove` failed, or the answer is none or is not
    /// signed as it should be. [`WitnessError::Ahead`] and [`WitnessError::OtherTree`] mean more than bad luck: the
    /// witness has cosigned a checkpoint that this log did not follow on from.
    pub async fn add_checkpoint<E, F>(
        &self,
        http: &Client,
        checkpoint: &Note,
        old_size: u64,
        prove: impl Fn(u64) -> F,
    ) -> Result<Vec<NoteSignature>, WitnessError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
        F: Future<Output = Result<Vec<Hash>, E>>,
    {
        let size = checkpoint.text().parse::<Checkpoint>().map_err(WitnessError::Checkpoint)?.size();
        // What this log has lost, the witness may still know.
        let mut old_size = old_size.min(size);
        let mut told = false;
        loop {
            let proof = if old_size == 0 || old_size == size {
                Vec::new()
            } else {
                prove(old_size).await.map_err(|error| WitnessError::Proof(error.into()))?
            };
            let request =
                AddCheckpoint::new(old_size, proof, checkpoint.clone()).map_err(WitnessError::Request)?;
            let (status, body) = self.post(http, request.to_string()).await?;
            match status {
                StatusCode::OK => return self.check(checkpoint, &body),
                StatusCode::CONFLICT => {
                    let known = parse_size(&body).ok_or(WitnessError::Size)?;
                    if known > size {
                        return Err(WitnessError::Ahead { known, size });
                    }
                    // It used to be a conflict, too, that they know another root of the same size.
                    if known == old_size {
                        return Err(WitnessError::OtherTree { size: known });
                    }
                    if told {
                        return Err(WitnessError::Moving { size: known });
                    }
                    (old_size, told) = (known, true);
                }
                // The proof is right for the tree of this log: it is another one that the witness has cosigned.
                StatusCode::UNPROCESSABLE_ENTITY if old_size > 0 => {
                    return Err(WitnessError::OtherTree { size: old_size });
                }
                status => return Err(WitnessError::Refused { status: status.as_u16(), said: said(&body) }),
            }
        }
    }

    async fn post(&self, http: &Client, body: String) -> Result<(StatusCode, Vec<u8>), WitnessError> {
        let url = format!("{}/add-checkpoint", self.url.trim_end_matches('/'));
        let request =
            http.post(url).header(header::CONTENT_TYPE, "text/plain; charset=utf-8").timeout(TIME_MAX);
        let response = request.body(body).send().await.map_err(WitnessError::Http)?;
        Ok((response.status(), read(response).await?))
    }

    /// The cosignatures in an answer, when they are right.
    fn check(&self, checkpoint: &Note, answer: &[u8]) -> Result<Vec<NoteSignature>, WitnessError> {
        // Other signatures are left out: of keys that nobody trusts, and of keys that sign, but do not cosign.
        let cosigners: Vec<VerifierKey> =
            self.keys.iter().filter(|key| key.key_type() != KeyType::Ed25519).cloned().collect();
        let mut cosigned = Note::new(checkpoint.text()).map_err(WitnessError::Answer)?;
        for signature in parse_signatures(answer).map_err(WitnessError::Answer)? {
            if cosigners.iter().any(|key| key.is_named_in(&signature)) {
                cosigned.add(signature).map_err(WitnessError::Answer)?;
            }
        }
        cosigned.verify(&cosigners).map_err(WitnessError::Cosignature)?;
        Ok(cosigned.signatures().to_vec())
    }
}

/// The body of an answer.
async fn read(mut response: Response) -> Result<Vec<u8>, WitnessError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(WitnessError::Http)? {
        if body.len() + chunk.len() > limits::WITNESS_ANSWER_BYTES_MAX {
            return Err(WitnessError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The first words of an answer.
fn said(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim().chars().take(SAID_CHARS_MAX).collect()
}

/// Why a witness has not cosigned a checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The note to be cosigned is not a checkpoint.
    #[error("the note is not a checkpoint")]
    Checkpoint(#[source] CheckpointError),
    /// The checkpoint of the log is not a note.
    #[error("the checkpoint is not a note")]
    Note(#[source] NoteError),
    /// There is no such request: the checkpoint is not signed, or the proof is too long.
    #[error("the witness cannot be asked")]
    Request(#[source] AddCheckpointError),
    /// The consistency proof could not be made.
    #[error("the proof for the witness cannot be made")]
    Proof(#[source] Box<dyn Error + Send + Sync>),
    /// The witness cannot be reached or did not answer in time.
    #[error("the witness did not answer")]
    Http(#[source] reqwest::Error),
    /// The witness refused, with this status and these words.
    #[error("the witness answered {status}: {said}")]
    Refused {
        /// The status of the answer.
        status: u16,
        /// The beginning of its body, as the witness wrote it.
        said: String,
    },
    /// The witness has cosigned a larger tree than that of the checkpoint.
    #[error("the witness has cosigned {known} entries, more than the {size} of this checkpoint")]
    Ahead {
        /// The size that the witness cosigned last.
        known: u64,
        /// The size of the checkpoint.
        size: u64,
    },
    /// The witness has cosigned another tree than this log had when it was as large.
    #[error("the witness has cosigned another tree of {size} entries")]
    OtherTree {
        /// The size of both.
        size: u64,
    },
    /// The witness cosigned another checkpoint of this log meanwhile.
    #[error("the witness has just cosigned another checkpoint, of {size} entries")]
    Moving {
        /// The size that the witness cosigned last.
        size: u64,
    },
    /// A conflict without a size.
    #[error("the witness names no size from which to prove")]
    Size,
    /// The answer is longer than what any witness needs to say.
    #[error("the answer of the witness is too long")]
    TooLong,
    /// The answer is not a list of signatures.
    #[error("the answer of the witness is not understood")]
    Answer(#[source] NoteError),
    /// No key of the witness has cosigned the checkpoint, or a cosignature is wrong.
    #[error("the cosignature of the witness is not good")]
    Cosignature(#[source] VerifyError),
}
