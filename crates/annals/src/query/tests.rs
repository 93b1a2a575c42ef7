//! Every filter, page and snapshot against a naive filter over all rows.

use annals_format::{Action, Filter, LogToken, Timestamp, entry::Keys};
use proptest::prelude::*;

use super::*;

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
}

const WORKSPACES: [Option<&str>; 3] = [None, Some("w1"), Some("w2")];
const SOURCES: [&str; 2] = ["api", "console"];
const TYPES: [&str; 3] = ["cost_report", "segment", "virtual_tag"];
const OBJECTS: [Option<&str>; 4] = [None, Some("o1"), Some("o2"), Some("o3")];
const TITLES: [Option<&str>; 4] = [None, Some(""), Some("größer"), Some("日本")];

fn entry() -> impl Strategy<Value = Entry> {
    // Few instants, so that ties within and across parts are common, and no order among them.
    // And some far from the others.
    let when = prop_oneof![4 => 0_i64..6, 4 => 0_i64..400, 1 => Just(-1 << 50), 1 => Just(1 << 50)];
    let what = (0..3_usize, 0..3_usize, 0..2_usize, 0..3_usize, 0..4_usize, 0..4_usize, 0..4_i64);
    (when, what).prop_map(|(created_us, (action, workspace, source, object_type, object, title, user))| {
        Entry {
            created_us,
            action: Action::ALL[action],
            user_id: (user > 0).then_some(user),
            workspace: WORKSPACES[workspace],
            source: SOURCES[source],
            object_type: TYPES[object_type],
            object: OBJECTS[object],
            title: TITLES[title],
        }
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let texts = (0..8_usize, 0..6_usize, 0..8_usize, 0..10_usize, 0..10_usize, 0..12_u64);
    let rest = (
        0..6_usize,
        0..12_i64,
        prop::option::of(0_i64..400),
        prop::option::of(0_i64..400),
        prop::option::of(0_u64..260),
    );
    (texts, rest).prop_map(
        |((workspace, source, object_type, object, title, token), (action, user, from, before, as_of))| {
            Filter {
                user_id: (user < 4).then_some(user),
                workspace_token: ["w1", "w2", "w3"].get(workspace).map(ToString::to_string),
                action: Action::ALL.get(action).copied(),
                object_title: ["größer", "日本", ""].get(title).map(ToString::to_string),
                source: SOURCES.get(source).map(ToString::to_string),
                object_type: TYPES.get(object_type).map(ToString::to_string),
                token: (token == 0).then(|| LogToken(17).to_string()),
                object_token: ["o1", "o2", "o4"].get(object).map(ToString::to_string),
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
    filter.user_id.is_none_or(|user| entry.user_id == Some(user))
        && same(&filter.workspace_token, entry.workspace)
        && filter.action.is_none_or(|action| entry.action == action)
        && same(&filter.object_title, entry.title)
        && same(&filter.source, Some(entry.source))
        && same(&filter.object_type, Some(entry.object_type))
        && same(&filter.token, Some(&LogToken(index).to_string()))
        && same(&filter.object_token, entry.object)
        && filter.from.is_none_or(|from| created_at >= from)
        && filter.before.is_none_or(|before| created_at < before)
        && filter.as_of.is_none_or(|as_of| index < as_of)
}

fn log(entries: &[Entry], tail_rows_max: u32) -> Log {
    let mut log = Log::with_tail_rows_max(tail_rows_max);
    for (index, entry) in (0..).zip(entries) {
        let keys = Keys {
            token: LogToken(index),
            action: entry.action,
            object_type: entry.object_type.into(),
            object_token: entry.object.map(Into::into),
            object_title: entry.title.map(Into::into),
            source: entry.source.into(),
            workspace_token: entry.workspace.map(Into::into),
            user_id: entry.user_id,
        };
        log.push(Timestamp::from_us(entry.created_us), &keys);
        // Every third tail that is full stays one.
        if index % 3 != 0
            && let Some(full) = log.claim()
        {
            log.replace(full.index());
        }
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_page_is_what_a_naive_filter_finds(
        entries in prop::collection::vec(entry(), 0..250),
        filters in prop::collection::vec(filter(), 1..8),
        tail_rows_max in 1_u32..80,
        skip in 0_usize..120,
        limit in 1_usize..60,
    ) {
        let log = log(&entries, tail_rows_max);
        prop_assert_eq!(log.size(), entries.len() as u64);
        for filter in filters.iter().chain([&Filter::default()]) {
            let mut expected: Vec<(i64, u64)> = (0..)
                .zip(&entries)
                .filter(|(index, entry)| matches(entry, *index, filter))
                .map(|(index, entry)| (entry.created_us, index))
                .collect();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            let page: Vec<u64> =
                expected.iter().skip(skip).take(limit).map(|(_, index)| *index).collect();
            let located = log.locate(filter, skip as u64, limit as u64);
            prop_assert_eq!(located.total, expected.len() as u64, "{:?}", filter);
            prop_assert_eq!(located.indexes, page, "{:?}", filter);
        }
        for (index, _) in (0..).zip(&entries) {
            prop_assert_eq!(log.find(LogToken(index)), Some(index));
        }
        prop_assert_eq!(log.find(LogToken(u64::MAX)), None);
    }
}
