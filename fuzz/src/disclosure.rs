//! Disclosures: what is read is shown again byte for byte, and of an entry that is disclosed in part the rest is not there.

use annals_format::{
    Disclosure, Event, Row, Timestamp,
    entry::Section,
    event::{BodyForm, read_body},
    json,
    limits::EVENT_DEPTH_MAX,
};

use crate::event::{NOW_US, draft, rules};

/// Checks bytes as a disclosure; and as a byte that says which sections to withhold, followed by events.
pub fn disclosure(input: &[u8]) {
    if let Ok(read) = Disclosure::parse(input) {
        assert_eq!(read.to_string().as_bytes(), input);
        assert!(read.leaf().contains(&read.token().to_string()));
        check_audit_log(&read);
    }
    let Some((choice, body)) = input.split_first() else { return };
    let withheld: Vec<Section> =
        Section::ALL.into_iter().filter(|section| choice >> *section as u8 & 1 == 1).collect();
    // What is wrong with the rest of the body does not matter here.
    let _ = read_body(body, BodyForm::Json, true, |at, event| {
        if let Ok(event) = Event::parse(event, at, &rules(true)) {
            check_event(&event, &withheld);
        }
    });
}

fn check_event(event: &Event, withheld: &[Section]) {
    let entry = draft(event).complete(event.created_at.unwrap_or(Timestamp::from_us(NOW_US)));
    let row = Row::decode(&entry.row).expect("what was written can be read");
    let text = row.disclosure(withheld);
    let read = Disclosure::parse(text.as_bytes()).expect("what is disclosed can be checked");
    assert_eq!((read.leaf_hash(), read.created_at()), (entry.leaf, row.created_at()));
    assert_eq!(read.withheld().collect::<Vec<_>>(), withheld);
    for section in Section::ALL {
        let expected = row.section(section).filter(|_| !withheld.contains(&section));
        assert_eq!(read.section(section), expected.as_deref());
    }
    check_audit_log(&read);
    if withheld.is_empty() {
        let mut served = String::new();
        row.write_audit_log(u64::MAX, &mut served);
        assert_eq!(read.audit_log(u64::MAX), served);
    }
}

fn check_audit_log(read: &Disclosure) {
    let shown = read.audit_log(u64::MAX);
    assert_eq!(
        json::minify(&shown, EVENT_DEPTH_MAX + 1).map(|minified| minified.text).as_ref(),
        Ok(&shown),
        "what is shown is minimal JSON, with each field once"
    );
}
