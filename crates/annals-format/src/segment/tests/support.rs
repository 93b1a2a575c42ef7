//! Rows to seal, and a file in memory to read.

use std::sync::Arc;

use proptest::prelude::*;

use crate::{
    Action, Event, LogToken, Row, Timestamp,
    entry::{Draft, Origin},
    event::{Change, WorkspaceChoice},
    segment::*,
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
}

impl Made {
    pub(super) fn row(&self) -> Vec<u8> {
        let event = Event {
            token: None,
            action: Action::ALL[self.action],
            object_type: ["Report", "Budget", "VirtualTag"][self.action].into(),
            object_token: self.object.map(|number| format!("obj_{number:016x}").into()),
            object_title: self.title.clone().map(Into::into),
            source: ["api", "console"][self.action % 2].into(),
            user: self.user.map(|number| format!("Person {number}").into()),
            user_id: self.user,
            user_role: None,
            workspace: WorkspaceChoice::Default,
            workspace_title: None,
            created_at: None,
            change: Change { changed: "{\"filter\":[\"a\",\"b\"]}".into(), unchanged: "{}".into() },
            context: "{\"ip\":\"203.0.113.7\"}".into(),
            metadata: "{}".into(),
            idempotency_key: None,
        };
        let workspace = self.workspace.map(|number| format!("wrkspc_{number}"));
        let origin = Origin {
            token: LogToken(self.token),
            seed: (u128::from(self.token) | u128::from(self.us.cast_unsigned()) << 64).to_le_bytes(),
            workspace_token: workspace.as_deref(),
            workspace_title: None,
        };
        Draft::new(event, &origin).complete(Timestamp::from_us(self.us)).row
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
            Field::ObjectType => vec![keys.object_type],
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

/// Seals entries whose indexes begin with `first`.
pub(super) fn sealed(made: &[Made], first: u64, dictionary: Option<&[u8]>) -> (File, Summary) {
    let rows = (first..).zip(made.iter().map(Made::row)).collect();
    let search = |row: &Row, extra: &mut Extra| {
        let token = row.keys().expect("own row").token.0;
        let us = row.created_at().us();
        // Entries with the same token and instant would be told apart by nothing else here.
        for made in made.iter().filter(|made| made.token == token && made.us == us).take(1) {
            made.changed.iter().for_each(|name| extra.changed(name));
            made.words.iter().for_each(|word| extra.word(word));
        }
    };
    seal(rows, dictionary, search).expect("rows are fine")
}

/// Seals rows with their indexes, in whatever order they are given. Trains a dictionary unless there is one.
pub(super) fn seal(
    mut rows: Vec<(u64, Vec<u8>)>,
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
    let mut sealer = Sealer::new(Vec::new(), dictionary, &options(), search)?;
    for (index, row) in rows {
        sealer.push(index, row)?;
    }
    let (summary, file) = sealer.finish()?;
    assert_eq!(summary.bytes, file.len() as u64);
    Ok((File(file), summary))
}
