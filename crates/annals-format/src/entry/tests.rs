//! The stored form, the leaf and the answer of an entry, byte for byte.

mod erase;

use proptest::prelude::*;

use super::*;
use crate::{Event, LogToken, Timestamp, event::Rules, json};

const EVENT: &str = r#"{"object_type":"cost_report","action":"update","object_token":"rprt_91b2c3d4e5f60718",
    "object_title":"Ausgaben \u00fcber \"alles\"","source":"api","user":"Ada Lovelace","user_id":1815,"user_role":"Owner",
    "before":{"title":"Cloud spend","n":18446744073709551615,"same":1.50},
    "after":{"title":"Cloud spend by team","n":18446744073709551616,"same":1.5},
    "context":{"ip":"203.0.113.7"}}"#;

fn draft(text: &str) -> Draft {
    let rules = Rules { import: true, now: Timestamp::from_us(1_800_000_000_000_000) };
    let text = json::minify(text, 64).expect("test event is JSON").text;
    let event = Event::parse(&text, None, &rules).expect("test event is valid");
    let origin = Origin {
        token: LogToken(0x7c1f_0a93_be52_d846),
        seed: *b"sixteen seed byt",
        workspace_token: Some("wrkspc_0a1b2c3d4e5f6071"),
        workspace_title: Some("Finance"),
    };
    Draft::new(&event, &origin)
}

fn entry(text: &str) -> Entry {
    draft(text).complete(Timestamp::from_us(1_772_616_600_123_456))
}

#[test]
fn an_entry_is_served_as_it_was_sent() {
    let entry = entry(EVENT);
    let mut served = String::new();
    Row::decode(&entry.row).expect("own row").write_audit_log(4711, &mut served);
    insta::assert_snapshot!(served);
}

/// A change of this snapshot makes every proof ever given out unverifiable.
#[test]
fn a_leaf_is_golden() {
    let entry = entry(EVENT);
    let row = Row::decode(&entry.row).expect("own row");
    insta::assert_snapshot!(row.leaf());
    assert_eq!(row.leaf_hash(), entry.leaf);
    insta::assert_snapshot!(entry.leaf.to_string());
}

/// A change of this snapshot makes every data directory unreadable.
#[test]
fn a_row_is_golden() {
    let hex: Vec<String> = entry(EVENT).row.iter().map(|byte| format!("{byte:02x}")).collect();
    insta::assert_snapshot!(hex.concat());
}

#[test]
fn an_entry_is_found_by_what_it_holds() {
    let entry = entry(EVENT);
    let keys = Row::decode(&entry.row).and_then(|row| row.keys()).expect("own row");
    assert_eq!(keys.token, LogToken(0x7c1f_0a93_be52_d846));
    assert_eq!(keys.object_type, "cost_report");
    assert_eq!(keys.object_title.as_deref(), Some("Ausgaben über \"alles\""));
    assert_eq!(keys.user_id, Some(1815));
    assert_eq!(keys.workspace_token.as_deref(), Some("wrkspc_0a1b2c3d4e5f6071"));
    assert_eq!(keys, draft(EVENT).keys());
    let least = r#"{"object_type":"VirtualTag","event":"record_created"}"#;
    let least_entry = draft(least).complete(Timestamp::from_us(0));
    let keys = Row::decode(&least_entry.row).and_then(|row| row.keys()).expect("own row");
    assert_eq!(keys, draft(least).keys());
}

/// Short of a copy of everything, a leaf must not let anyone guess what it covers.
#[test]
fn a_leaf_holds_nothing_of_its_sections() {
    let leaf = Row::decode(&entry(EVENT).row).expect("own row").leaf();
    for secret in ["Ada", "1815", "Owner", "Ausgaben", "Cloud", "203.0.113.7", "Finance"] {
        assert!(!leaf.contains(secret), "{secret} in {leaf}");
    }
}

proptest! {
    #[test]
    fn damaged_rows_are_refused_or_read_but_never_panic(at in 0_usize..800, bit in 0_u8..8, cut in 0_usize..800) {
        let mut row = entry(EVENT).row;
        let length = row.len();
        row[at % length] ^= 1 << bit;
        for bytes in [&row[..], &row[..cut.min(length)]] {
            if let Ok(row) = Row::decode(bytes) {
                let _ = row.keys();
                let _ = row.leaf();
                row.write_audit_log(0, &mut String::new());
            }
        }
    }
}
