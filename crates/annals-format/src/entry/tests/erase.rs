//! What is erased of an entry is gone, and nothing else is.

use serde_json::{Map, Value};

use super::*;
use crate::{Action, event::Change, event::WorkspaceChoice};

/// The fields of a section in an answer.
fn fields(section: Section) -> &'static [&'static str] {
    match section {
        Section::Actor => &["user", "user_id", "user_role"],
        Section::Object => &["object_title"],
        Section::Change => &["changed_values", "unchanged_values", "object_changes"],
        Section::Context => &["context", "metadata", "workspace_title"],
    }
}

/// All sets of sections.
fn subsets() -> impl Iterator<Item = Vec<Section>> {
    (0_u8..16)
        .map(|mask| Section::ALL.into_iter().filter(|section| mask >> *section as u8 & 1 == 1).collect())
}

fn erased(row: &[u8], sections: &[Section]) -> Vec<u8> {
    Row::decode(row).expect("own row").erase(sections)
}

fn served(row: &[u8]) -> String {
    let mut served = String::new();
    Row::decode(row).expect("own row").write_audit_log(4711, &mut served);
    served
}

fn words(row: &Row) -> Vec<String> {
    let mut words = Vec::new();
    row.words(|word| words.push(word.to_owned()));
    words
}

/// Text of any script, with what JSON has to escape.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zäß東\"\\\\\u{1}]{0,40}", ".{0,200}"]
}

prop_compose! {
    fn any_entry()(
        texts in prop::collection::vec(prop::option::of(text()), 5),
        values in prop::collection::vec(text(), 3),
        user_id: Option<i64>,
        token: u64,
        seed: [u8; 16],
        us in -62_000_000_000_000_000_i64..250_000_000_000_000_000,
    ) -> Entry {
        let [user, role, title, object, workspace] = texts.try_into().expect("five");
        let object_of = |value: &str| serde_json::json!({ "a": [value, 1.5], (value): {} }).to_string();
        let event = Event {
            token: None,
            action: Action::ALL[0],
            object_type: "Report".into(),
            object_token: object.map(Into::into),
            object_title: title.map(Into::into),
            source: "api".into(),
            user: user.map(Into::into),
            user_id,
            user_role: role.map(Into::into),
            workspace: WorkspaceChoice::Default,
            workspace_title: workspace.map(Into::into),
            created_at: None,
            change: Change { changed: object_of(&values[0]).into(), unchanged: object_of(&values[1]).into() },
            context: object_of(&values[2]).into(),
            metadata: "{}".into(),
            idempotency_key: None,
        };
        let origin = Origin { token: LogToken(token), seed, workspace_token: None, workspace_title: None };
        Draft::new(&event, &origin).complete(Timestamp::from_us(us))
    }
}

proptest! {
    #[test]
    fn the_leaf_stays_and_the_answer_has_nulls(entry in any_entry()) {
        let before: Map<String, Value> = serde_json::from_str(&served(&entry.row)).expect("own answer");
        for sections in subsets() {
            let row = erased(&entry.row, &sections);
            let read = Row::decode(&row).expect("own row");
            prop_assert_eq!(read.leaf_hash(), entry.leaf);
            prop_assert_eq!(read.leaf(), Row::decode(&entry.row).expect("own row").leaf());
            prop_assert_eq!(Row::instant(&row), Ok(entry.created_at));
            prop_assert_eq!(read.created_at(), entry.created_at);
            prop_assert_eq!(read.erased().collect::<Vec<_>>(), sections.clone());

            let mut expected = before.clone();
            for field in sections.iter().flat_map(|section| fields(*section)) {
                *expected.get_mut(*field).expect("a field of every answer") = Value::Null;
            }
            let names: Vec<&str> = sections.iter().map(|section| section.as_str()).collect();
            if !names.is_empty() {
                expected.insert("erased".into(), names.clone().into());
            }
            let answer = served(&row);
            let shown: Map<String, Value> = serde_json::from_str(&answer).expect("own answer");
            prop_assert_eq!(shown, expected);
            let names = serde_json::to_string(&names).expect("names");
            let end = if sections.is_empty() { ",\"index\":4711}".into() } else { format!(",\"erased\":{names},\"index\":4711}}") };
            prop_assert!(answer.ends_with(&end), "{}", answer);
            prop_assert_eq!(answer.contains("\"erased\":"), !sections.is_empty());
            prop_assert!(json::minify(&answer, 64).is_ok_and(|minified| minified.text == answer));
        }
    }

    #[test]
    fn erasing_in_steps_is_erasing_at_once(entry in any_entry()) {
        prop_assert_eq!(&erased(&entry.row, &[]), &entry.row);
        for first in subsets() {
            let once = erased(&entry.row, &first);
            prop_assert_eq!(&erased(&once, &[]), &once);
            prop_assert_eq!(&erased(&once, &first), &once);
            prop_assert_eq!(once[0], if first.is_empty() { 1 } else { 2 });
            for then in subsets() {
                let both = [first.clone(), then.clone()].concat();
                prop_assert_eq!(erased(&once, &then), erased(&entry.row, &both));
            }
        }
    }

    /// Neither the seed, which would give every salt, nor the salts of what is gone.
    #[test]
    fn nothing_is_left_that_a_text_could_be_tried_with(entry in any_entry()) {
        let seed: Seed = entry.row[1..17].try_into().expect("16 bytes");
        let has = |row: &[u8], bytes: &[u8]| row.windows(16).any(|window| window == bytes);
        for sections in subsets().filter(|sections| !sections.is_empty()) {
            let row = erased(&entry.row, &sections);
            prop_assert!(!has(&row, &seed));
            for (section, salt) in Section::ALL.into_iter().zip(Salts::derive(&seed).0) {
                prop_assert_eq!(has(&row, &salt), !sections.contains(&section));
            }
        }
    }

    /// Nor does any byte of a text count towards how an entry is stored once it is erased.
    #[test]
    fn erased_entries_differ_by_digests_alone(entry in any_entry()) {
        let row = erased(&entry.row, &Section::ALL);
        let read = Row::decode(&row).expect("own row");
        let envelope = read.texts()[0].len();
        prop_assert_eq!(row.len(), 1 + 8 + 1 + 4 * 32 + if envelope < 128 { 1 } else { 2 } + envelope);
        prop_assert!(words(&read).is_empty());
        let keys = read.keys().expect("own row");
        prop_assert_eq!((keys.user_id, keys.object_title.as_deref()), (None, None));
        let whole = Row::decode(&entry.row).and_then(|row| row.keys()).expect("own row");
        prop_assert_eq!(keys, Keys { user_id: None, object_title: None, ..whole });
    }

    #[test]
    fn any_bytes_are_refused_or_read_but_never_panic(
        entry in any_entry(),
        mask in 0_u8..16,
        noise: Vec<u8>,
        at: prop::sample::Index,
        cut: prop::sample::Index,
        bits: u8,
    ) {
        let sections = subsets().nth(mask.into()).expect("one of 16");
        let row = erased(&entry.row, &sections);
        prop_assert!(Row::decode(&row[..cut.index(row.len())]).is_err());
        let mut flipped = row.clone();
        flipped[at.index(row.len())] ^= bits;
        for bytes in [flipped, [&[2], &noise[..]].concat(), [&row[..10], &noise].concat(), [&row[..], &noise].concat()] {
            let _ = Row::instant(&bytes);
            let Ok(row) = Row::decode(&bytes) else { continue };
            let _ = (row.keys(), words(&row), row.erased().count());
            row.changed_fields(|_| {});
            row.write_audit_log(0, &mut String::new());
            for sections in subsets() {
                let next = row.erase(&sections);
                let next = Row::decode(&next).expect("what is left of a row is a row");
                prop_assert_eq!(next.leaf(), row.leaf());
            }
        }
    }
}

/// A change of these snapshots makes data directories unreadable, and answers other than they were.
#[test]
fn an_erased_row_is_golden() {
    let entry = entry(EVENT);
    let row = erased(&entry.row, &[Section::Change, Section::Actor]);
    let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
    insta::assert_snapshot!(hex.concat());
    insta::assert_snapshot!(served(&row));
    assert_eq!(Row::decode(&row).map(|row| row.leaf_hash()), Ok(entry.leaf));
}

#[test]
fn a_row_has_one_form() {
    let row = erased(&entry(EVENT).row, &[Section::Object]);
    assert_eq!(row[9], 0b0010);
    for mask in [0, 0b1_0010, 0xff] {
        let mut other = row.clone();
        other[9] = mask;
        assert!(Row::decode(&other).is_err(), "{mask:b}");
    }
}

#[test]
fn what_is_erased_is_not_found() {
    let entry = entry(EVENT);
    let found = |sections: &[Section]| {
        let row = erased(&entry.row, sections);
        let row = Row::decode(&row).expect("own row");
        let (mut all, mut changed) = (words(&row), Vec::new());
        row.changed_fields(|field| changed.push(field.to_owned()));
        all.retain(|word| ["ada", "ausgaben", "team", "finance"].contains(&&**word));
        (all, changed)
    };
    let [title, n] = ["title".to_owned(), "n".to_owned()];
    let strings = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let both = vec![title, n];
    assert_eq!(found(&[]), (strings(&["ausgaben", "ada", "finance", "team"]), both.clone()));
    assert_eq!(found(&[Section::Actor]), (strings(&["ausgaben", "finance", "team"]), both.clone()));
    assert_eq!(found(&[Section::Object]), (strings(&["ada", "finance", "team"]), both.clone()));
    assert_eq!(found(&[Section::Change]), (strings(&["ausgaben", "ada", "finance"]), vec![]));
    assert_eq!(found(&[Section::Context]), (strings(&["ausgaben", "ada", "team"]), both));
}

#[test]
fn what_is_to_be_erased_is_known_before() {
    let row = entry(EVENT).row;
    let values = |row: &[u8], section| {
        let mut values = Vec::new();
        Row::decode(row).expect("own row").spelt_values(section, |value| values.push(value.to_owned()));
        values
    };
    assert_eq!(values(&row, Section::Actor), ["Ada Lovelace", "1815", "Owner"]);
    assert_eq!(values(&row, Section::Object), [r#"Ausgaben über \"alles\""#]);
    let change =
        ["title", "Cloud spend", "Cloud spend by team", "n", "18446744073709551615", "18446744073709551616"];
    assert_eq!(values(&row, Section::Change), [&change[..], &["same", "1.5"]].concat());
    assert_eq!(values(&row, Section::Context), ["ip", "203.0.113.7", "Finance"]);
    for section in Section::ALL {
        assert!(values(&erased(&row, &[section]), section).is_empty());
    }
}

/// An import that is repeated finds its entries, whatever was erased of them; what is left tells them from others.
#[test]
fn what_is_erased_is_no_other_content() {
    let [one, other] = [EVENT, &EVENT.replace("Ada", "Eve")].map(|text| entry(text).row);
    let same = |a: &[u8], b: &[u8]| {
        let (a, b) = (Row::decode(a).expect("own row"), Row::decode(b).expect("own row"));
        assert_eq!(a.same_content(&b), b.same_content(&a));
        a.same_content(&b)
    };
    assert!(!same(&one, &other));
    assert!(same(&erased(&one, &[Section::Actor]), &one));
    assert!(same(&erased(&one, &[Section::Actor]), &other));
    assert!(!same(&erased(&one, &[Section::Object, Section::Change, Section::Context]), &other));
    assert!(same(&erased(&one, &[Section::Object]), &erased(&one, &[Section::Actor])));
}

/// The answer of an entry of which something is erased can be imported again.
#[test]
fn an_erased_entry_can_be_imported() {
    let row = erased(&entry(EVENT).row, &[Section::Actor, Section::Change]);
    let answer = served(&row);
    let rules = Rules { import: true, now: Timestamp::from_us(1_800_000_000_000_000) };
    let event = Event::parse(&answer, None, &rules).expect("an answer can be imported");
    assert_eq!((event.user, event.user_id, &*event.change.changed), (None, None, "{}"));
    let rules = Rules { import: false, ..rules };
    let faults = Event::parse(r#"{"object_type":"a","action":"create","erased":["actor"]}"#, None, &rules);
    assert!(faults.is_err());
}

#[test]
fn sections_have_names() {
    for section in Section::ALL {
        assert_eq!(Section::parse(section.as_str()), Some(section));
    }
    assert_eq!(Section::parse("Actor"), None);
}
