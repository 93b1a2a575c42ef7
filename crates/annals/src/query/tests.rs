//! Every filter, page, snapshot and count against a naive filter over all rows, whatever has been sealed, compacted and
//! pruned.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use annals_format::{
    Action, Draft, Event, Filter, Interval, LogToken, Row, Timestamp,
    entry::Origin,
    event::Rules,
    search::{self, Word},
    segment::{self, Extra, Fate, Options, Sealer},
};
use annals_store::{AccountId, BlobKey, Blobs, SegmentInfo};
use object_store::memory::InMemory;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::segments::{Sealed, Segments};

const ACCOUNT: AccountId = AccountId(1);

#[derive(Debug, Clone)]
struct Entry {
    created_us: i64,
    action: Action,
    user_id: Option<i64>,
    workspace: Option<&'static str>,
    source: &'static str,
    object_type: &'static str,
    object: Option<&'static str>,
    title: Option<&'static str>,
    /// The field that was changed, and what it is now.
    change: (&'static str, &'static str),
}

const WORKSPACES: [Option<&str>; 3] = [None, Some("w1"), Some("w2")];
const SOURCES: [&str; 2] = ["api", "console"];
const TYPES: [&str; 3] = ["cost_report", "segment", "virtual_tag"];
const OBJECTS: [Option<&str>; 4] = [None, Some("o1"), Some("o2"), Some("o3")];
const TITLES: [Option<&str>; 4] = [None, Some(""), Some("größer"), Some("日本")];
const CHANGES: [(&str, &str); 4] =
    [("title", "Alpha beta"), ("title", "alphabet"), ("size", "Grosse 7"), ("", "")];
const WORDS: [&str; 9] =
    ["alpha", "alpha*", "GRÖSSE*", "grosse 7", "日", "本日", "size", "title al* beta", "none"];

fn entry() -> impl Strategy<Value = Entry> {
    // Few instants, so that ties within and across parts are common, and no order among them.
    // And some far from the others.
    let when = prop_oneof![4 => 0_i64..6, 4 => 0_i64..400, 1 => Just(-1 << 50), 1 => Just(1 << 50)];
    let what = (0..3_usize, 0..3_usize, 0..2_usize, 0..3_usize, 0..4_usize, 0..4_usize, 0..4_i64, 0..4_usize);
    (when, what).prop_map(
        |(created_us, (action, workspace, source, object_type, object, title, user, change))| Entry {
            created_us,
            action: Action::ALL[action],
            user_id: (user > 0).then_some(user),
            workspace: WORKSPACES[workspace],
            source: SOURCES[source],
            object_type: TYPES[object_type],
            object: OBJECTS[object],
            title: TITLES[title],
            change: CHANGES[change],
        },
    )
}

fn filter() -> impl Strategy<Value = Filter> {
    let texts = (0..8_usize, 0..6_usize, 0..8_usize, 0..10_usize, 0..10_usize, 0..12_u64);
    let rest = (
        0..6_usize,
        0..12_i64,
        prop::option::of(0_i64..400),
        prop::option::of(0_i64..400),
        prop::option::of(0_u64..260),
        0..27_usize,
        0..12_usize,
    );
    (texts, rest).prop_map(
        |(
            (workspace, source, object_type, object, title, token),
            (action, user, from, before, as_of, words, changed),
        )| {
            Filter {
                user_id: (user < 4).then_some(user),
                workspace_token: ["w1", "w2", "w3"].get(workspace).map(ToString::to_string),
                action: Action::ALL.get(action).copied(),
                object_title: ["größer", "日本", ""].get(title).map(ToString::to_string),
                source: SOURCES.get(source).map(ToString::to_string),
                object_type: TYPES.get(object_type).map(ToString::to_string),
                token: (token == 0).then(|| LogToken(17).to_string()),
                object_token: ["o1", "o2", "o4"].get(object).map(ToString::to_string),
                changed: ["title", "size", "none"].get(changed).map(ToString::to_string),
                words: WORDS.get(words).map(|words| search::parse(words).expect("words")).unwrap_or_default(),
                from: from.map(Timestamp::from_us),
                before: before.map(Timestamp::from_us),
                as_of,
            }
        },
    )
}

fn matches(entry: &Entry, index: u64, filter: &Filter) -> bool {
    let same = |wanted: &Option<String>, has: Option<&str>| {
        wanted.as_deref().is_none_or(|wanted| Some(wanted) == has)
    };
    let created_at = Timestamp::from_us(entry.created_us);
    let mut words = Vec::new();
    for text in [entry.title.unwrap_or_default(), entry.change.0, entry.change.1] {
        search::words(text, |word| words.push(word.to_owned()));
    }
    let has = |wanted: &Word| {
        words.iter().any(|word| *word == wanted.text || (wanted.prefix && word.starts_with(&wanted.text)))
    };
    filter.user_id.is_none_or(|user| entry.user_id == Some(user))
        && same(&filter.workspace_token, entry.workspace)
        && filter.action.is_none_or(|action| entry.action == action)
        && same(&filter.object_title, entry.title)
        && same(&filter.source, Some(entry.source))
        && same(&filter.object_type, Some(entry.object_type))
        && same(&filter.token, Some(&LogToken(index).to_string()))
        && same(&filter.object_token, entry.object)
        && same(&filter.changed, Some(entry.change.0))
        && filter.words.iter().all(has)
        && filter.from.is_none_or(|from| created_at >= from)
        && filter.before.is_none_or(|before| created_at < before)
        && filter.as_of.is_none_or(|as_of| index < as_of)
}

/// An entry as it is recorded: what has its keys, and its row.
fn recorded(entry: &Entry, index: u64) -> (Draft, Vec<u8>) {
    let mut event = json!({
        "event": entry.action.event_name(),
        "object_type": entry.object_type,
        "source": entry.source,
        "object_token": entry.object,
        "object_title": entry.title,
        "user_id": entry.user_id,
    });
    event["changed_values"][entry.change.0] = json!([null, entry.change.1]);
    let (text, now) = (event.to_string(), Timestamp::from_us(0));
    let event = Event::parse(&text, None, &Rules { import: false, now }).expect("an event");
    let origin = Origin {
        token: LogToken(index),
        seed: [u8::try_from(index % 256).expect("a byte"); 16],
        workspace_token: entry.workspace,
        workspace_title: None,
    };
    let draft = Draft::new(&event, &origin);
    let row = draft.complete(Timestamp::from_us(entry.created_us)).row;
    (draft, row)
}

/// Gives the value that an entry has in a field.
type Value<'a> = &'a dyn Fn(&Entry) -> Option<String>;

/// What happens to a log after an entry was added.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A full tail becomes a run.
    Index,
    /// All that is in the head is sealed.
    Seal,
    /// The last segments become one.
    Compact,
    /// The process starts anew.
    Restart,
    /// Some of the sealed entries are pruned, by one of several rules.
    Prune(u8),
    Nothing,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Index),
        1 => Just(Step::Seal),
        1 => Just(Step::Compact),
        1 => Just(Step::Restart),
        1 => (0_u8..16).prop_map(Step::Prune),
        24 => Just(Step::Nothing)
    ]
}

struct World {
    runtime: tokio::runtime::Runtime,
    blobs: Blobs,
    segments: Arc<Segments>,
    rows: Vec<(Draft, Vec<u8>)>,
    created_us: Vec<i64>,
    pruned: BTreeSet<u64>,
    log: Log,
    tail_rows_max: u32,
    /// How many segments were stored.
    stored: Cell<u64>,
}

impl World {
    fn new(tail_rows_max: u32) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let blobs = Blobs::over(Arc::new(InMemory::new()));
        let segments = {
            let _guard = runtime.enter();
            Arc::new(Segments::new(blobs.clone(), 1 << 20))
        };
        let log = Log::over([].into(), tail_rows_max);
        Self {
            runtime,
            blobs,
            segments,
            rows: Vec::new(),
            created_us: Vec::new(),
            pruned: BTreeSet::new(),
            log,
            tail_rows_max,
            stored: Cell::new(0),
        }
    }

    fn push(&mut self, entry: &Entry) {
        let (draft, row) = recorded(entry, self.log.size());
        self.log.push(Timestamp::from_us(entry.created_us), &draft.keys());
        self.rows.push((draft, row));
        self.created_us.push(entry.created_us);
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Nothing => {}
            Step::Index => {
                if let Some(full) = self.log.claim() {
                    self.log.replace(full.index());
                }
            }
            Step::Seal => {
                self.log.cut();
                let (start, end) = (self.log.sealed(), self.log.size());
                if start < end {
                    let options = Options { dictionary_rows: 50, ..Options::default() };
                    let row = |index: &u64| self.rows[usize::try_from(*index).expect("small")].1.clone();
                    let indexes = self.log.in_reading_order(end);
                    let samples: Vec<Vec<u8>> = indexes.iter().take(50).map(row).collect();
                    let dictionary = segment::train(&samples, 1 << 20, &options);
                    let mut sealer = Sealer::new(Vec::new(), dictionary, &options, terms).expect("memory");
                    for index in indexes {
                        sealer.push(index, row(&index)).expect("in order");
                    }
                    let (summary, bytes) = sealer.finish().expect("sealed");
                    let mut segments = self.log.segments().to_vec();
                    segments.push(self.store(&summary, bytes));
                    assert!(self.log.list(segments.into()));
                }
            }
            Step::Compact => {
                let mut segments = self.log.segments().to_vec();
                let sources = segments.split_off(segments.len().saturating_sub(3));
                if sources.len() > 1 {
                    let merging: Vec<_> = sources.iter().map(|source| (source.layout(), &**source)).collect();
                    let mut bytes = Vec::new();
                    let summary = segment::merge(&merging, &Options::default(), &mut bytes).expect("merged");
                    segments.push(self.store(&summary, bytes));
                    assert!(self.log.list(segments.into()));
                }
            }
            Step::Prune(rule) => self.prune(rule),
            Step::Restart => {
                let segments = self.log.segments().iter().map(|sealed| {
                    let opening = self.segments.open(ACCOUNT, sealed.info().clone());
                    self.runtime.block_on(opening).expect("a segment")
                });
                let mut log = Log::over(segments.collect(), self.tail_rows_max);
                let sealed = usize::try_from(log.sealed()).expect("small");
                for ((draft, _), created_us) in self.rows.iter().zip(&self.created_us).skip(sealed) {
                    log.push(Timestamp::from_us(*created_us), &draft.keys());
                }
                self.log = log;
            }
        }
    }

    fn prune(&mut self, rule: u8) {
        let mut pruned = BTreeSet::new();
        let goes = |index: u64, row: &Row| match rule {
            0 => true,
            1..4 => index.is_multiple_of(u64::from(rule) + 1),
            4..8 => index < 16 * u64::from(rule),
            _ => row.created_at().us() < 24 * i64::from(rule),
        };
        let mut segments = Vec::new();
        for sealed in self.log.segments().iter() {
            let (source, mut bytes) = ((sealed.layout(), &**sealed), Vec::new());
            let fate = |index: u64, row: &Row| {
                if goes(index, row) {
                    pruned.insert(index);
                    return Fate::Pruned;
                }
                Fate::Stays
            };
            let summary = segment::rewrite(source, &Options::default(), fate, terms, &mut bytes);
            segments.push(self.store(&summary.expect("rewritten"), bytes));
        }
        if !segments.is_empty() {
            assert!(self.log.list(segments.into()));
        }
        self.pruned.append(&mut pruned);
    }

    fn store(&self, summary: &segment::Summary, bytes: Vec<u8>) -> Arc<Sealed> {
        let (start, end) = (summary.indexes.start, summary.indexes.end);
        let name = format!("{start}-{end}-{}", self.stored.replace(self.stored.get() + 1));
        let key = BlobKey::Segment { account: ACCOUNT, name: name.clone() };
        let indexes = summary.indexes.clone();
        let info = SegmentInfo { name, indexes, bytes: summary.bytes, footer_bytes: summary.footer_bytes };
        self.runtime.block_on(async {
            self.blobs.put(&key, bytes.into()).await.expect("stored");
            self.segments.open(ACCOUNT, info).await.expect("a segment")
        })
    }

    /// The words of the head, as a search finds them.
    fn wanted(&self, filter: &Filter) -> Wanted {
        let searches = !filter.words.is_empty() || filter.changed.is_some();
        let mut words = HeadWords::new(self.log.sealed());
        for (_, row) in self.rows.iter().skip(usize::try_from(self.log.sealed()).expect("small")) {
            words.push(&Row::decode(row).expect("a row"));
        }
        Wanted { filter: filter.clone(), counted: true, found: searches.then(|| words.find(filter)) }
    }
}

fn terms(row: &Row, extra: &mut Extra) {
    row.words(|word| extra.word(word));
    row.changed_fields(|field| extra.changed(field));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_page_is_what_a_naive_filter_finds(
        entries in prop::collection::vec((entry(), step()), 0..250),
        filters in prop::collection::vec(filter(), 1..8),
        tail_rows_max in 1_u32..80,
        skip in 0_usize..120,
        limit in 1_usize..60,
    ) {
        let mut world = World::new(tail_rows_max);
        for (entry, step) in &entries {
            world.push(entry);
            world.take(*step);
        }
        let entries: Vec<&Entry> = entries.iter().map(|(entry, _)| entry).collect();
        prop_assert_eq!(world.log.size(), entries.len() as u64);
        for filter in filters.iter().chain([&Filter::default()]) {
            let mut expected: Vec<(i64, u64)> = (0..)
                .zip(&entries)
                .filter(|(index, entry)| !world.pruned.contains(index) && matches(entry, *index, filter))
                .map(|(index, entry)| (entry.created_us, index))
                .collect();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            let by_itself: Vec<u64> = (0..)
                .zip(&world.rows)
                .filter(|(index, (_, row))| {
                    !world.pruned.contains(index)
                        && filter.matches(*index, &Row::decode(row).expect("a row")).expect("keys")
                })
                .map(|(index, _)| index)
                .collect();
            let mut matching: Vec<u64> = expected.iter().map(|(_, index)| *index).collect();
            matching.sort_unstable();
            prop_assert_eq!(by_itself, matching, "{:?}", filter);
            let page: Vec<u64> =
                expected.iter().skip(skip).take(limit).map(|(_, index)| *index).collect();
            let wanted = world.wanted(filter);
            let snapshot = world.log.snapshot(&wanted);
            let located = snapshot.page(&wanted, skip as u64, limit as u64).expect("a page");
            prop_assert_eq!(located.total, expected.len() as u64, "{:?}", filter);
            let indexes: Vec<u64> = located.entries.iter().map(|entry| entry.index).collect();
            prop_assert_eq!(indexes, page, "{:?}", filter);
            for entry in &located.entries {
                let sealed = entry.index < world.log.sealed();
                let row = sealed.then(|| world.rows[usize::try_from(entry.index).expect("small")].1.clone());
                prop_assert_eq!(&entry.row, &row);
            }

            let stats = snapshot.stats(&wanted, Interval::Month).expect("counts");
            prop_assert_eq!(stats.total, expected.len() as u64, "{:?}", filter);
            let found: Vec<&Entry> =
                expected.iter().map(|(_, index)| entries[usize::try_from(*index).expect("small")]).collect();
            let values: [Value; 5] = [
                &|entry| Some(entry.action.as_str().to_owned()),
                &|entry| Some(entry.object_type.to_owned()),
                &|entry| Some(entry.source.to_owned()),
                &|entry| entry.user_id.map(|user| user.to_string()),
                &|entry| entry.workspace.map(str::to_owned),
            ];
            for (counts, value) in stats.facets.into_iter().zip(values) {
                let mut naive: BTreeMap<String, u64> = BTreeMap::new();
                found.iter().filter_map(|entry| value(entry)).for_each(|value| *naive.entry(value).or_default() += 1);
                prop_assert_eq!(counts.0.into_iter().collect::<BTreeMap<_, _>>(), naive, "{:?}", filter);
            }
            let mut times: BTreeMap<i64, u64> = BTreeMap::new();
            for entry in found {
                let (first, _) = Interval::Month.around(Timestamp::from_us(entry.created_us));
                let first = Timestamp::parse_date(&first.to_string()).expect("a date");
                *times.entry(first.us()).or_default() += 1;
            }
            prop_assert_eq!(stats.times, Some(times), "{:?}", filter);
        }
        for (index, (draft, _)) in (0..).zip(&world.rows) {
            let sealed = index < world.log.sealed();
            prop_assert_eq!(world.log.find_in_head(draft.token()), (!sealed).then_some(index));
        }
        prop_assert_eq!(world.log.find_in_head(LogToken(u64::MAX)), None);
    }
}
