//! Whatever is disclosed is what was recorded, and whatever is withheld is not there.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    Draft, Event,
    entry::{Entry, Origin, Salts},
    event::Rules,
    hex,
    limits::{EVENT_DEPTH_MAX, IMPORT_BYTES_MAX},
};

const SEED: [u8; 16] = *b"sixteen seed byt";

/// A word for each section that occurs nowhere else in an entry.
const SECRETS: [&str; 4] = ["Lovelace-9f1c", "Ausgaben-b20e", "Budget-44d7", "Finance-e835"];

fn entry(event: &str, us: i64) -> Entry {
    let rules = Rules { import: true, now: Timestamp::from_us(1_800_000_000_000_000) };
    let text = json::minify(event, EVENT_DEPTH_MAX).expect("an event is JSON").text;
    let event = Event::parse(&text, None, &rules).expect("an event is valid");
    let token = LogToken(0x7c1f_0a93_be52_d846);
    let origin = Origin { token, seed: SEED, workspace_token: Some("wrkspc_1"), workspace_title: None };
    Draft::new(&event, &origin).complete(Timestamp::from_us(us))
}

/// An entry that says the secrets, and these texts beside them.
fn telling(texts: [&str; 4]) -> Entry {
    let [actor, object, change, context] = std::array::from_fn(|at| format!("{}{}", texts[at], SECRETS[at]));
    let event = json!({
        "object_type": "cost_report", "action": "update", "object_token": "rprt_91b2c3d4e5f60718", "source": "api",
        "object_title": object, "user": actor, "user_id": 1815, "user_role": "Owner",
        "before": {"a": texts[0], "n": 1.5}, "after": {"a": change, "n": 1.5},
        "context": {"ip": context}, "metadata": {texts[1]: [texts[2]]}, "workspace_title": texts[3],
    });
    entry(&event.to_string(), 1_772_616_600_123_456)
}

fn plain() -> String {
    let entry = telling(["Ada ", "", "Größe \"1\" ", "\\"]);
    Row::decode(&entry.row).expect("own row").disclosure(&[Section::Object])
}

fn subset(bits: u8) -> Vec<Section> {
    Section::ALL.into_iter().filter(|section| bits >> *section as u8 & 1 == 1).collect()
}

/// A change of this snapshot makes every proof file ever given out unreadable.
#[test]
fn a_disclosure_is_golden() {
    insta::assert_snapshot!(plain());
    insta::assert_snapshot!(Disclosure::parse(plain().as_bytes()).expect("own disclosure").audit_log(4711));
}

#[test]
fn a_section_has_the_fields_that_it_says() {
    let entry = telling([""; 4]);
    let row = Row::decode(&entry.row).expect("own row");
    for section in Section::ALL {
        let text = row.section(section).expect("a section");
        let names: Vec<&str> = json::members(&text).map(|(name, _)| name).collect();
        assert_eq!(names, section.fields());
        assert!(
            SECRETS.iter().enumerate().all(|(at, secret)| text.contains(secret) == (at == section as usize))
        );
    }
}

/// The largest and most awkward events still fit, so that there is a proof file for every entry.
#[test]
fn the_largest_entries_fit() {
    let quotes = "\\\"".repeat((IMPORT_BYTES_MAX - 200) / 2);
    let context = format!(r#"{{"object_type":"a","action":"create","context":{{"a":"{quotes}"}}}}"#);
    let state: Vec<String> = (0..60_000).map(|key| format!("\"{key:x}\":1")).collect();
    let state = format!(r#"{{"object_type":"a","action":"create","after":{{{}}}}}"#, state.join(","));
    for event in [context, state] {
        assert!(event.len() > IMPORT_BYTES_MAX * 3 / 4, "{}", event.len());
        let entry = entry(&event, 0);
        let row = Row::decode(&entry.row).expect("own row");
        let disclosure = row.disclosure(&[]);
        assert!(disclosure.len() < Disclosure::BYTES_MAX * 2 / 3, "{}", disclosure.len());
        assert!(Disclosure::parse(disclosure.as_bytes()).is_ok_and(|read| read.leaf_hash() == entry.leaf));
    }
    let long = vec![b' '; Disclosure::BYTES_MAX + 1];
    assert_eq!(Disclosure::parse(&long), Err(DisclosureError::TooLong));
}

#[test]
fn what_is_spelt_otherwise_is_refused() {
    let text = plain();
    let edit = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let salt = &text[text.find("\"salt\":\"").expect("a salt") + 8..][..32];
    let other_salt = salt.chars().rev().collect::<String>();
    let actor = text.find("\"actor\":{\"salt\"").expect("a section");
    let change = text.find(",\"change\":{\"salt\"").expect("a section");
    let context = text.find(",\"context\":{\"salt\"").expect("a section");
    let [first, second, third] =
        [&text[actor..change], &text[change + 1..context], &text[context + 1..text.len() - 2]];
    let with = |sections: &[&str]| format!("{}{}}}}}", &text[..actor], sections.join(","));
    assert_eq!(with(&[first, second, third]), text);
    for shorter in [&[first, third][..], &[second], &[]] {
        let text = with(shorter);
        assert!(Disclosure::parse(text.as_bytes()).is_ok_and(|read| read.to_string() == text));
    }
    let cases = [
        (String::new(), DisclosureError::Form),
        ("null".to_owned(), DisclosureError::Form),
        (edit("\"version\":1,", ""), DisclosureError::Form),
        (edit("\"version\":1,", "\"version\":2,"), DisclosureError::Version),
        (edit("\"version\":1,", "\"version\":1,\"more\":1,"), DisclosureError::Form),
        (edit("\"version\":1,", "\"version\": 1,"), DisclosureError::Form),
        (format!("{text}\n"), DisclosureError::Form),
        (format!("{text}{text}"), DisclosureError::Form),
        (edit("Größe", "Gr\\u00f6\\u00dfe"), DisclosureError::Form),
        (edit("record_updated", "record_mended"), DisclosureError::Leaf),
        (edit("2026-03-04T09:30:00Z", "2026-03-04T09:30:01Z"), DisclosureError::Leaf),
        (edit(":1772616600123456", ":01772616600123456"), DisclosureError::Leaf),
        (edit("adt_lg_7c", "adt_lg_7C"), DisclosureError::Leaf),
        (edit("\\\"source\\\":\\\"api\\\"", "\\\"source\\\":null"), DisclosureError::Leaf),
        (edit("\\\"source\\\"", "\\\"user\\\":1,\\\"source\\\""), DisclosureError::Leaf),
        (edit(salt, &other_salt), DisclosureError::Digest(Section::Actor)),
        (edit(salt, &salt.to_uppercase()), DisclosureError::Form),
        (edit(salt, &salt[1..]), DisclosureError::Form),
        (edit("Lovelace", "Lovelacf"), DisclosureError::Digest(Section::Actor)),
        (edit("\"actor\":{\"salt\"", "\"object\":{\"salt\""), DisclosureError::Digest(Section::Object)),
        (edit("\"actor\":{\"salt\"", "\"person\":{\"salt\""), DisclosureError::Form),
        (edit("\"actor\":{\"salt\"", "\"actor\":{\"more\":1,\"salt\""), DisclosureError::Form),
        (with(&[second, first, third]), DisclosureError::Form),
        (with(&[first, first, second]), DisclosureError::Form),
    ];
    for (text, error) in cases {
        assert_eq!(Disclosure::parse(text.as_bytes()), Err(error), "{text}");
    }
    assert_eq!(Disclosure::parse(b"{\"version\":1,\"leaf\":\"\xff\"}"), Err(DisclosureError::Form));
}

/// A log can have any digest in a leaf; what it is made of must still not bring other fields into an answer.
#[test]
fn a_log_that_lies_gets_no_other_fields_shown() {
    let entry = telling([""; 4]);
    let leaf = Row::decode(&entry.row).expect("own row").leaf();
    let old = {
        let text = Row::decode(&entry.row).expect("own row").section(Section::Object).expect("a section");
        let mut digits = String::new();
        hex::push(&mut digits, &hashing::digest(&Salts::derive(&SEED).0[1], &[&text]));
        digits
    };
    let parse = |lie: &str| {
        let mut digits = String::new();
        hex::push(&mut digits, &hashing::digest(&[7; 16], &[lie]));
        let lying = Disclosed { salt: [7; 16], text: lie.to_owned() };
        let text = text(&leaf.replace(&old, &digits), [None, Some(&lying), None, None].into_iter());
        Disclosure::parse(text.as_bytes())
    };
    assert!(
        parse("{\"object_title\":\"a\"}")
            .is_ok_and(|read| read.audit_log(0).contains("\"object_title\":\"a\""))
    );
    for lie in [
        "",
        "{}",
        "{\"object_title\":1}",
        "{\"object_title\":\"a\",\"user\":\"b\"}",
        "{\"object_title\":\"a\",\"object_title\":\"b\"}",
        "{\"user\":\"b\"}",
        "{\"object_title\": \"a\"}",
        "{\"object_title\":\"\\u0061\"}",
        "{\"object_title\":\"a\"}}",
        "{\"object_title\":\"a}",
    ] {
        assert_eq!(parse(lie), Err(DisclosureError::Section(Section::Object)), "{lie}");
    }
}

#[test]
fn bytes_that_are_cut_off_are_refused() {
    let text = plain();
    for end in 0..text.len() {
        assert!(Disclosure::parse(&text.as_bytes()[..end]).is_err(), "{end}");
    }
}

proptest! {
    /// All that the reader may see is there, byte for byte, and nothing of the rest: no secret, no salt, no seed.
    #[test]
    fn any_entry_is_disclosed_in_any_part(texts in [".{0,20}", ".{0,20}", "\\PC{0,20}", "[\"\\\\\u{0}-\u{1f}]{0,9}"], bits in 0_u8..16) {
        let entry = telling(texts.each_ref().map(String::as_str));
        let row = Row::decode(&entry.row).expect("own row");
        let withheld = subset(bits);
        let text = row.disclosure(&withheld);
        let read = Disclosure::parse(text.as_bytes()).expect("own disclosure");
        prop_assert_eq!((read.leaf_hash(), read.leaf()), (entry.leaf, &*row.leaf()));
        prop_assert_eq!(read.to_string(), &*text);
        prop_assert_eq!((read.token().0, read.created_at()), (0x7c1f_0a93_be52_d846, row.created_at()));
        prop_assert_eq!(read.withheld().collect::<Vec<_>>(), &*withheld);

        let mut served = String::new();
        row.write_audit_log(4711, &mut served);
        let shown = read.audit_log(4711);
        if withheld.is_empty() {
            prop_assert_eq!(&shown, &served);
        }
        let mut expected: Value = serde_json::from_str(&served).expect("an answer is JSON");
        let mut seed = String::new();
        hex::push(&mut seed, &SEED);
        prop_assert!(!text.contains(&seed));
        for section in Section::ALL {
            let mut salt = String::new();
            hex::push(&mut salt, &Salts::derive(&SEED).0[section as usize]);
            let hidden = withheld.contains(&section);
            prop_assert_eq!(read.section(section).is_none(), hidden);
            prop_assert_eq!(read.section(section).map(str::to_owned), row.section(section).filter(|_| !hidden));
            for secret in [SECRETS[section as usize], &salt] {
                prop_assert_eq!(text.contains(secret), !hidden, "{} in {}", secret, text);
            }
            let gone = section.fields().iter().chain((section == Section::Change).then_some(&"object_changes"));
            for field in gone.filter(|_| hidden) {
                expected.as_object_mut().expect("an object").remove(*field);
            }
        }
        prop_assert_eq!(serde_json::from_str::<Value>(&shown).expect("JSON"), expected);
    }

    /// A proof for the leaf stands between a reader and every change that is not refused at once.
    #[test]
    fn any_flipped_bit_is_refused_or_makes_another_leaf(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let text = plain();
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(read) = Disclosure::parse(&bytes) {
            let before = Disclosure::parse(text.as_bytes()).expect("own disclosure");
            prop_assert_ne!(read.leaf_hash(), before.leaf_hash());
            prop_assert_eq!(read.sections, before.sections);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(text in "[{}\\[\\]\",:\\\\a-z0-9]{0,60}") {
        for text in [format!("{{\"version\":1,{text}"), text] {
            prop_assert!(Disclosure::parse(text.as_bytes()).is_err());
        }
    }
}

/// What is erased cannot be disclosed; the rest can, and is of the same leaf.
#[test]
fn an_erased_section_is_withheld() {
    let entry = telling(["x"; 4]);
    let whole = Row::decode(&entry.row).expect("own row");
    for erased in Section::ALL {
        let bytes = whole.erase(&[erased]);
        let row = Row::decode(&bytes).expect("own row");
        let text = row.disclosure(&[]);
        assert_eq!(text, whole.disclosure(&[erased]));
        let disclosure = Disclosure::parse(text.as_bytes()).expect("own disclosure");
        assert_eq!(disclosure.leaf_hash(), whole.leaf_hash());
        assert_eq!(disclosure.withheld().collect::<Vec<_>>(), [erased]);
    }
}
