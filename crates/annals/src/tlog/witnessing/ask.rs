//! One witness and all logs: what it is asked next, and what is made of its answers.

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    sync::Arc,
    time::Duration,
};

use annals_store::{AccountId, ReadError, SignedCheckpoint};
use annals_tlog::{
    Hash,
    note::{Note, NoteSignature},
    proof::Plan,
};
use reqwest::Client;
use tokio::{
    sync::mpsc::Sender,
    task::{Id, JoinError, JoinSet},
    time::{Instant, sleep},
};
use tracing::{info, warn};

use super::progress::Progress;
use crate::{
    limits::WITNESS_REQUESTS_MAX,
    metrics::Metrics,
    tlog::{Signer, backoff::Backoff, cosignatures::origin},
    witness::client::{Witness, WitnessError},
};

/// Between two looks for what is to be asked again, besides those that new checkpoints cause.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Asks one witness to cosign what a signer shows.
pub(super) struct Asking {
    signer: Arc<Signer>,
    witness: Arc<Witness>,
    /// What people call the witness: the name of its first key.
    name: String,
    http: Client,
    metrics: Arc<Metrics>,
    logs: HashMap<AccountId, Progress>,
    /// Logs to ask about next.
    due: VecDeque<AccountId>,
    /// Requests that are under way, at most one about a log.
    under_way: JoinSet<Answer>,
    about: HashMap<Id, AccountId>,
    /// Times that the witness could not be reached.
    absence: Backoff,
}

/// What came of a request.
struct Answer {
    checkpoint: Arc<SignedCheckpoint>,
    result: Result<Vec<NoteSignature>, WitnessError>,
}

impl Asking {
    pub(super) fn new(
        signer: Arc<Signer>,
        witness: Arc<Witness>,
        http: Client,
        metrics: Arc<Metrics>,
    ) -> Self {
        let name = witness.keys.first().map_or_else(|| witness.url.clone(), |key| key.name().to_owned());
        Self {
            signer,
            witness,
            name,
            http,
            metrics,
            logs: HashMap::new(),
            due: VecDeque::new(),
            under_way: JoinSet::new(),
            about: HashMap::new(),
            absence: Backoff::default(),
        }
    }

    /// Asks for ever. `first` is dropped when the witness was asked once about everything that is shown.
    pub(super) async fn run(mut self, first: Sender<Infallible>) -> Infallible {
        let mut first = Some(first);
        let mut rounds = self.signer.rounds.subscribe();
        self.look();
        loop {
            self.ask();
            if self.under_way.is_empty() {
                drop(first.take());
            }
            tokio::select! {
                Some(answered) = self.under_way.join_next_with_id() => self.settle(answered).await,
                // The signer is there as long as this is.
                _ = rounds.changed() => self.look(),
                () = sleep(LOOK_EVERY) => self.look(),
            }
        }
    }

    /// Finds the logs that the witness has to be asked about.
    fn look(&mut self) {
        let now = Instant::now();
        let shown = self.signer.all_published();
        let due = |checkpoint: &&Arc<SignedCheckpoint>| {
            self.logs.get(&checkpoint.account).is_none_or(|log| log.is_due(checkpoint.size, now))
        };
        self.due = shown.iter().filter(due).map(|checkpoint| checkpoint.account).collect();
    }

    /// Asks about as many of them as may be under way at a time.
    fn ask(&mut self) {
        if self.absence.is_on(Instant::now()) {
            return;
        }
        while self.under_way.len() < WITNESS_REQUESTS_MAX {
            let Some(account) = self.due.pop_front() else { return };
            // The newest checkpoint, whatever it was when the log was found.
            let Some(checkpoint) = self.signer.published(account) else { continue };
            if self.about.values().any(|asked| *asked == account) {
                continue;
            }
            let log = self.logs.entry(account).or_insert_with(|| first_progress(&self.witness, &checkpoint));
            let (signer, witness, http, old_size) =
                (Arc::clone(&self.signer), Arc::clone(&self.witness), self.http.clone(), log.size);
            let task = self.under_way.spawn(async move {
                let result = request(&signer, &witness, &http, &checkpoint, old_size).await;
                Answer { checkpoint, result }
            });
            self.about.insert(task.id(), account);
        }
    }

    /// Takes an answer, and all others that are there.
    async fn settle(&mut self, answered: Result<(Id, Answer), JoinError>) {
        let (mut next, mut cosigned) = (Some(answered), Vec::new());
        while let Some(answered) = next {
            match answered {
                Ok((id, answer)) => {
                    self.about.remove(&id);
                    cosigned.extend(self.take(answer).await);
                }
                Err(error) => {
                    self.about.remove(&error.id());
                    warn!(%error, "a request to a witness ended; this is a bug");
                }
            }
            next = self.under_way.try_join_next_with_id();
        }
        if let Err(error) = self.signer.add_cosignatures(cosigned).await {
            warn!(%error, "cosignatures could not be kept this time");
        }
        // What was signed meanwhile.
        self.look();
    }

    /// Takes an answer: cosignatures and what they are of, or a failure to be remembered.
    async fn take(&mut self, answer: Answer) -> Option<(Arc<SignedCheckpoint>, Vec<NoteSignature>)> {
        let Answer { checkpoint, result } = answer;
        let (now, witness, log) = (Instant::now(), self.name.as_str(), origin(&checkpoint));
        let progress = self.logs.entry(checkpoint.account).or_default();
        let answers = !matches!(result, Err(WitnessError::Http(_)));
        if answers && self.absence.succeed() {
            info!(witness, "a witness answers again");
        }
        let outcome = match &result {
            Ok(_) => "cosigned",
            Err(WitnessError::Http(_)) => "absent",
            Err(WitnessError::Ahead { .. } | WitnessError::OtherTree { .. }) => "contradicted",
            Err(_) => "refused",
        };
        self.metrics.witness_answer(witness, outcome);
        match result {
            Ok(signatures) => {
                if progress.cosigned(checkpoint.size) {
                    info!(witness, log, "a witness cosigns a log again");
                }
                self.signer.agree(&checkpoint, witness);
                return Some((checkpoint, signatures));
            }
            // The others that are under way fail for the same reason, which is one failure.
            Err(error @ WitnessError::Http(_)) => {
                if !self.absence.is_on(now) && self.absence.fail(now) {
                    let error = whole(&error);
                    warn!(witness, error, "a witness cannot be reached; logs are signed without it");
                }
            }
            Err(WitnessError::Ahead { known: size, .. } | WitnessError::OtherTree { size }) => {
                progress.refusals.fail(now);
                self.signer.contradict(&checkpoint, witness, size).await;
            }
            Err(error) => {
                if progress.refusals.fail(now) {
                    let error = whole(&error);
                    warn!(witness, log, error, "a witness does not cosign a log, which is signed without it");
                }
            }
        }
        None
    }
}

/// What the witness is thought to know of a log of which it has not been asked since the start: what is shown, if it has
/// cosigned that, or nothing.
fn first_progress(witness: &Witness, checkpoint: &SignedCheckpoint) -> Progress {
    let note = Note::parse(checkpoint.note.as_bytes());
    let cosigned = note.is_ok_and(|note| {
        note.signatures().iter().any(|signature| witness.keys.iter().any(|key| key.is_named_in(signature)))
    });
    Progress::of_size(if cosigned { checkpoint.size } else { 0 })
}

/// Asks for cosignatures of a checkpoint.
async fn request(
    signer: &Signer,
    witness: &Witness,
    http: &Client,
    checkpoint: &SignedCheckpoint,
    old_size: u64,
) -> Result<Vec<NoteSignature>, WitnessError> {
    let (account, size) = (checkpoint.account, checkpoint.size);
    let prove = async |old_size: u64| -> Result<Vec<Hash>, ReadError> {
        let plan =
            Plan::consistency(old_size, size).map_err(|error| ReadError::Corrupt(error.to_string()))?;
        signer.tiles.build(account, &plan).await
    };
    let note = own_signatures(checkpoint)?;
    witness.add_checkpoint(http, &note, old_size, prove).await
}

/// The checkpoint as the log signed it: what other witnesses say of it is not this one's concern.
fn own_signatures(checkpoint: &SignedCheckpoint) -> Result<Note, WitnessError> {
    let whole = Note::parse(checkpoint.note.as_bytes()).map_err(WitnessError::Note)?;
    let mut own = Note::new(whole.text()).map_err(WitnessError::Note)?;
    for signature in whole.signatures().iter().filter(|signature| signature.key_name() == origin(checkpoint))
    {
        own.add(signature.clone()).map_err(WitnessError::Note)?;
    }
    Ok(own)
}

/// An error with what brought it about.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.extend([": ", &error.to_string()]);
        source = error.source();
    }
    text
}
