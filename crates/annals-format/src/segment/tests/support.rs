//! Rows to seal, and a file in memory to read.

use std::{hash::RandomState, num::NonZero, sync::Arc};

use annals_tlog::Hash;
use proptest::prelude::*;

use crate::{
    Action, Event, LogToken, Row, Timestamp,
    entry::{Draft, Origin, Section, Seed},
    event::{Change, WorkspaceChoice},
    segment::{self, *},
};

/// What tests vary of an entry.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) us: i64,
    pub(super) token: u64,
    pub(super) action: usize,
    pub(super) user: Option<i64>,
    pub(super) workspace: Option<u8>,
    pub(super) object: Option<u8>,
    pub(super) title: Option<String>,
    pub(super) changed: Vec<String>,
    pub(super) words: Vec<String>,
    /// What its sections say beside that, each text several times in the section.
    pub(super) secrets: Vec<(Section, String)>,
    pub(super) erased: Vec<Section>,
    pub(super) pruned: bool,
}

impl Made {
    /// Its row, less what is erased of it.
    pub(super) fn row(&self) -> Vec<u8> {
        let row = self.whole_row();
        if self.erased.is_empty() { row } else { Row::decode(&row).expect("own row").erase(&self.erased) }
    }

    /// Its seed: where it must not be found, one that does not come from what is found anyway.
    pub(super) fn seed(&self) -> Seed {
        let seed = u128::from(self.token) | u128::from(self.us.cast_unsigned()) << 64;
        if self.secrets.is_empty() {
            return seed.to_le_bytes();
        }
        seed.wrapping_add(1)
            .wrapping_mul(0x2545_f491_4f6c_dd1d_9e37_79b9_7f4a_7c15)
            .rotate_left(56)
            .to_le_bytes()
    }

    /// The hash of its leaf, which neither erasing nor pruning changes.
    pub(super) fn leaf_hash(&self) -> Hash {
        Row::decode(&self.whole_row()).expect("own row").leaf_hash()
    }

    fn whole_row(&self) -> Vec<u8> {
        let secrets = |section| {
            let own = self.secrets.iter().filter(move |secret| secret.0 == section);
            own.map(|secret| &*secret.1).collect::<Vec<_>>().join(" ")
        };
        let with = |text: Option<String>, section| match secrets(section) {
            none if none.is_empty() => text,
            secrets => Some(text.unwrap_or_default() + &secrets),
        };
        let value = |plain: &str, section| match secrets(section) {
            none if none.is_empty() => plain.to_owned(),
            secrets => format!("{{\"{secrets}\":[\"{secrets}\",0]}}"),
        };
        let event = Event {
            token: None,
            action: Action::ALL[self.action],
            object_type: ["Report", "Budget", "VirtualTag"][self.action].into(),
            object_token: self.object.map(|number| format!("obj_{number:016x}").into()),
            object_title: with(self.title.clone(), Section::Object).map(Into::into),
            source: ["api", "console"][self.action % 2].into(),
            user: with(self.user.map(|number| format!("Person {number}")), Section::Actor).map(Into::into),
            user_id: self.user,
            user_role: with(None, Section::Actor).map(Into::into),
            workspace: WorkspaceChoice::Default,
            workspace_title: None,
            created_at: None,
            change: Change {
                changed: value("{\"filter\":[\"a\",\"b\"]}", Section::Change).into(),
                unchanged: value("{}", Section::Change).into(),
            },
            context: value("{\"ip\":\"203.0.113.7\"}", Section::Context).into(),
            metadata: value("{}", Section::Context).into(),
            idempotency_key: None,
        };
        let workspace = self.workspace.map(|number| format!("wrkspc_{number}"));
        let workspace_title = with(None, Section::Context);
        let origin = Origin {
            token: LogToken(self.token),
            seed: self.seed(),
            workspace_token: workspace.as_deref(),
            workspace_title: workspace_title.as_deref(),
        };
        Draft::new(&event, &origin).complete(Timestamp::from_us(self.us)).row
    }

    /// The terms of a field, in their order, each once.
    pub(super) fn terms(&self, field: Field) -> Vec<String> {
        let row = self.row();
        let keys = Row::decode(&row).and_then(|row| row.keys()).expect("own row");
        let mut terms: Vec<String> = match field {
            Field::User => keys.user_id.map(|id| id.to_string()).into_iter().collect(),
            Field::Workspace => keys.workspace_token.into_iter().map(Into::into).collect(),
            Field::Action => vec![keys.action.as_str().to_owned()],
            Field::Source => vec![keys.source.into_owned()],
            Field::ObjectType => vec![keys.object_type.into_owned()],
            Field::ObjectToken => keys.object_token.into_iter().map(Into::into).collect(),
            Field::ObjectTitle => keys.object_title.into_iter().map(Into::into).collect(),
            Field::Changed => self.changed.clone(),
            Field::Word => self.words.clone(),
        };
        terms.sort();
        terms.dedup();
        terms
    }
}

/// Entries with few different values, so that terms have several rows; instants collide.
pub(super) fn made(instants: std::ops::Range<i64>) -> impl Strategy<Value = Made> {
    let title = prop_oneof![
        4 => Just(None),
        1 => Just(Some(String::new())),
        4 => "[a-cäß東]{0,3}".prop_map(Some),
        1 => "[ab]".prop_map(|end| Some("ö".repeat(TERM_BYTES_MAX / 2) + &end)),
    ];
    (
        instants,
        any::<u64>(),
        0_usize..3,
        prop::option::of(-3_i64..9),
        prop::option::of(0_u8..3),
        prop::option::of(any::<u8>()),
        title,
        prop::collection::vec("[fg]{1,2}", 0..3),
        prop::collection::vec("[a-dé]{1,3}", 0..9),
    )
        .prop_map(|(us, token, action, user, workspace, object, title, changed, words)| Made {
            us,
            // Some entries share a token, as imports into other logs may bring about.
            token: if token % 16 == 0 { token >> 60 } else { token },
            action,
            user,
            workspace,
            object,
            title,
            changed,
            words,
            secrets: Vec::new(),
            erased: Vec::new(),
            pruned: false,
        })
}

/// Small dictionaries, so that small segments have one.
pub(super) fn options() -> Options {
    Options { dictionary_bytes: 4_096, ..Options::default() }
}

/// A file in memory.
pub(super) struct File(pub(super) Vec<u8>);

impl Parts for File {
    type Error = Corrupt;

    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, Corrupt> {
        extents.iter().map(|extent| Ok(Arc::new(extent.decode(self.bytes(extent))?))).collect()
    }
}

impl File {
    fn bytes(&self, extent: &Extent) -> &[u8] {
        let (start, end) = (usize::try_from(extent.offset), usize::try_from(extent.end()));
        start.ok().zip(end.ok()).and_then(|(start, end)| self.0.get(start..end)).unwrap_or_default()
    }

    pub(super) fn open(&self) -> Result<Segment, Corrupt> {
        Segment::open(&self.0, self.0.len() as u64)
    }
}

/// The rows of entries whose indexes begin with `first`, less those that are pruned.
pub(super) fn rows(made: &[Made], first: u64) -> Vec<(u64, Vec<u8>)> {
    (first..).zip(made).filter(|(_, made)| !made.pruned).map(|(index, made)| (index, made.row())).collect()
}

/// What is left of those that are.
pub(super) fn pruned(made: &[Made], first: u64) -> Vec<(u64, Hash)> {
    let pruned = (first..).zip(made).filter(|(_, made)| made.pruned);
    pruned.map(|(index, made)| (index, made.leaf_hash())).collect()
}

/// Seals entries whose indexes begin with `first`.
pub(super) fn sealed(made: &[Made], first: u64, dictionary: Option<&[u8]>) -> (File, Summary) {
    let search = |row: &Row, extra: &mut Extra| {
        let token = row.keys().expect("own row").token.0;
        let us = row.created_at().us();
        // Entries with the same token and instant would be told apart by nothing else here.
        for made in made.iter().filter(|made| made.token == token && made.us == us).take(1) {
            made.changed.iter().for_each(|name| extra.changed(name));
            made.words.iter().for_each(|word| extra.word(word));
        }
    };
    seal_pruned(rows(made, first), pruned(made, first), dictionary, search).expect("rows are fine")
}

/// Seals rows with their indexes, in whatever order they are given. Trains a dictionary unless there is one.
pub(super) fn seal(
    rows: Vec<(u64, Vec<u8>)>,
    dictionary: Option<&[u8]>,
    search: impl FnMut(&Row, &mut Extra),
) -> Result<(File, Summary), SealError> {
    seal_pruned(rows, Vec::new(), dictionary, search)
}

/// Seals rows and what is left of pruned entries.
pub(super) fn seal_pruned(
    mut rows: Vec<(u64, Vec<u8>)>,
    pruned: Vec<(u64, Hash)>,
    dictionary: Option<&[u8]>,
    search: impl FnMut(&Row, &mut Extra),
) -> Result<(File, Summary), SealError> {
    rows.sort_by_key(|(index, row)| (Row::instant(row).map(Timestamp::us).unwrap_or_default(), *index));
    let row_bytes = rows.iter().map(|(_, row)| row.len()).sum();
    let samples: Vec<Vec<u8>> =
        rows.iter().step_by(rows.len().div_ceil(2_048).max(1)).map(|(_, row)| row.clone()).collect();
    let dictionary = match dictionary {
        Some(dictionary) => dictionary.to_vec(),
        None => train(&samples, row_bytes, &options()),
    };
    let mut sealer = Sealer::with_pruned(Vec::new(), dictionary, pruned, &options(), search)?;
    for (index, row) in rows {
        sealer.push(index, row)?;
    }
    let (summary, file) = sealer.finish()?;
    assert_eq!(summary.bytes, file.len() as u64);
    Ok((File(file), summary))
}

/// Verifies a segment on two threads, with a secret that nobody knows.
pub(super) fn verify<P: Parts<Error: Send> + Sync>(
    segment: &Segment,
    file: &P,
    search: impl Fn(&Row, &mut Extra) + Sync,
    leaf: impl FnMut(u64, Leaf) + Send,
) -> Result<(), VerifyError<P::Error>> {
    let threads = NonZero::<usize>::MIN.saturating_add(1);
    segment::verify(segment, threads, &RandomState::new(), || file, file, search, leaf)
}
