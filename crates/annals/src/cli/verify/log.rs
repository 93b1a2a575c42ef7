//! Whole logs, as they are in a data directory.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use annals_store::{Account, Catalog};
use annals_tlog::{checkpoint::Checkpoint, note::Note};
use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    administer::{Admin, find_account, operator},
    cli::{
        administration::DataDir,
        connection::block_on,
        output::{self, HintExt, grouped, plain},
    },
    clock::SystemClock,
    config, data_dir,
    segments::Segments,
    tlog::SigningKeys,
    verify::{Intact, Local, Stopped},
};

/// Bytes of segments' parts that are held in memory, beside what is made of the rows.
const CACHE_BYTES: u64 = 256 * 1024 * 1024;

/// What came of one log.
#[derive(Serialize)]
struct Verified {
    account: String,
    title: String,
    intact: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pruned: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_entries: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<Vec<String>>,
}

pub(super) fn run(
    directory: &DataDir,
    account: Option<&str>,
    checkpoints: &[PathBuf],
    json: bool,
) -> anyhow::Result<ExitCode> {
    let path = directory.path()?;
    if !data_dir::has_catalog(&path) {
        return Err(anyhow!("there is no catalog in {}", path.display()))
            .hint("Name a proof file, or the server's directory with --data-dir.");
    }
    let remembered = checkpoints.iter().map(|file| read(file)).collect::<anyhow::Result<Vec<_>>>()?;
    let signing_key = config::signing_key(&path)?;
    let keys = SigningKeys::load(&signing_key).unwrap_or_else(|error| {
        // Whoever may not read the keys can verify everything else.
        output::note(format!("signatures are not checked: {error}"));
        None
    });
    let catalog: Arc<dyn Catalog> = Arc::new(data_dir::open_catalog(&path)?);
    let all_intact = block_on(async {
        let accounts = match account {
            None => catalog.accounts().await?,
            Some(named) => {
                let who = operator();
                let admin = Admin { catalog: &*catalog, clock: &SystemClock, who: &who, source: "cli" };
                vec![find_account(&admin, Some(named)).await.hint("`annals account list` shows all.")?]
            }
        };
        let segments = Arc::new(Segments::new(data_dir::open_blobs_beside(&path)?, CACHE_BYTES));
        let local = Local::new(Arc::clone(&catalog), segments);
        let bar = bar(&*catalog, &accounts).await?;
        let mut all_intact = true;
        let mut before = 0;
        for account in &accounts {
            let verifiers = match &keys {
                Some(keys) => keys.verifiers(&account.token)?,
                None => Vec::new(),
            };
            let signed = keys.as_ref().map(|_| signing_key.as_path());
            let progress = |entries: u64| bar.set_position(before + entries);
            let verified = match local.verify(account, &verifiers, &remembered, signed, &progress).await {
                Ok(intact) => {
                    before += intact.size;
                    Verified::intact(account, intact)
                }
                Err(Stopped::Found(finding)) => Verified::found(account, finding.0),
                Err(Stopped::Read(error)) => return Err(error).context("the log cannot be read"),
            };
            all_intact &= verified.intact;
            bar.suspend(|| print(&verified, json))?;
        }
        bar.finish_and_clear();
        anyhow::Ok(all_intact)
    })?;
    if all_intact {
        return Ok(ExitCode::SUCCESS);
    }
    Err(anyhow!("something that is stored is not what was recorded"))
        .hint("Keep the data directory as it is, as evidence; then restore it from a backup that verifies.")
}

impl Verified {
    fn intact(account: &Account, intact: Intact) -> Self {
        let (sealed, segments) = intact.sealed;
        let (signed_entries, signed_by) = intact.checkpoint.unzip();
        Self {
            account: account.token.clone(),
            title: account.title.clone(),
            intact: true,
            finding: None,
            entries: Some(intact.size),
            sealed: Some(sealed),
            segments: Some(segments),
            pruned: Some(intact.pruned),
            root: Some(intact.root.to_string()),
            signed_entries,
            signed_by,
        }
    }

    fn found(account: &Account, finding: String) -> Self {
        Self {
            account: account.token.clone(),
            title: account.title.clone(),
            intact: false,
            finding: Some(finding),
            entries: None,
            sealed: None,
            segments: None,
            pruned: None,
            root: None,
            signed_entries: None,
            signed_by: None,
        }
    }

    /// What people read.
    fn sentence(&self) -> String {
        let log = format!("{} ({})", plain(&self.title), self.account);
        if let Some(finding) = &self.finding {
            return format!("{log}: NOT INTACT: {}", plain(finding));
        }
        let (entries, sealed) = (self.entries.unwrap_or(0), self.sealed.unwrap_or(0));
        let held = format!(
            "{} in {} segments, {} in the head",
            grouped(sealed),
            self.segments.unwrap_or(0),
            grouped(entries - sealed)
        );
        let pruned = match self.pruned {
            None | Some(0) => String::new(),
            Some(pruned) => {
                format!("; {} are no longer kept, but for their hashes, as the log says", grouped(pruned))
            }
        };
        let signed = match (self.signed_entries, self.signed_by.as_deref()) {
            (None, _) => "nothing of it has been signed yet".to_owned(),
            (Some(size), None | Some([])) => {
                format!(
                    "the checkpoint of {} entries is of this log; its signatures were not checked",
                    grouped(size)
                )
            }
            (Some(size), Some(signers)) => {
                format!("the checkpoint of {} entries is signed by {}", grouped(size), signers.join(", "))
            }
        };
        format!("{log}: intact: {} entries ({held}{pruned}); {signed}", grouped(entries))
    }
}

fn print(verified: &Verified, json: bool) -> anyhow::Result<()> {
    let mut out = output::stdout();
    if json {
        writeln!(out, "{}", serde_json::to_string(verified)?)?;
    } else {
        writeln!(out, "{}", verified.sentence())?;
    }
    Ok(out.flush()?)
}

/// A bar over all entries of these logs, on stderr.
async fn bar(catalog: &dyn Catalog, accounts: &[Account]) -> anyhow::Result<ProgressBar> {
    let mut entries = 0;
    for account in accounts {
        // What cannot be read is found when it is its turn.
        entries += catalog.tree(account.id).await.map_or(0, |tree| tree.edge.size());
    }
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} entries, {per_sec}, {eta} left")?;
    Ok(ProgressBar::new(entries).with_style(style))
}

/// A checkpoint that was kept, as it was served.
fn read(path: &Path) -> anyhow::Result<Checkpoint> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let note = Note::parse(&bytes).with_context(|| format!("{} is no signed note", path.display()))?;
    note.text().parse().with_context(|| format!("{} is no checkpoint", path.display()))
}
