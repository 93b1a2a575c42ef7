//! Query strings: a link to another page asks for the same list, in a form that every client reads.

use annals_format::{Filter, ListQuery};

use crate::sentences;

/// Checks a query string.
pub fn query(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let list = match ListQuery::parse(text) {
        Ok(list) => list,
        Err(faults) => return sentences::check(&faults),
    };
    let link = list.link(7, 42);
    assert_eq!(link.matches("page=").count(), 1, "clients cut a link at `page=`: {link}");
    assert!(link.ends_with("&page=7"), "clients take the end of a link for the page: {link}");
    assert!(link.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%&=".contains(&byte)), "{link}");

    let linked = ListQuery::parse(&link).expect("a link of ours is a query");
    assert_eq!(linked.filter, Filter { as_of: Some(42), ..list.filter });
    assert_eq!((linked.limit, linked.page.get()), (list.limit, 7));
    assert_eq!(linked.link(7, 42), link);
}
