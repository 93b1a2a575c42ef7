//! The read path: the parts of a log, and the plan that turns a filter into a page.
//!
//! A [`Log`] is made of *parts*: segments, then the head with its runs, which are indexed in memory, and a short tail that is
//! scanned. Every part keeps its rows in reading order, (`created_at`, `index`), which is not the order of indexes when
//! history is imported, and answers which of its rows match. `page::locate` counts matches in all parts and finds where
//! a page starts without touching what lies before it, so that one way leads through all of them.

mod dense;
mod facet;
mod head;
mod log;
mod matches;
mod page;
mod part;
mod sealed;
mod snapshot;
mod words;

pub use facet::{Counts, Facet, Stats};
pub use log::{Indexed, Log, TAIL_ROWS_MAX, Unindexed};
pub use part::{Found, Wanted};
pub use sealed::matching;
pub use snapshot::{Entry, Page, Snapshot};
pub use words::HeadWords;

#[cfg(test)]
mod tests;
