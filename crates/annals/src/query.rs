//! The read path: an in-memory index over each account's entries, and the plan that turns a filter into a page.
//!
//! A [`Log`] holds its entries' keys in *parts*: runs, which are indexed, and a short tail that is scanned. Every part
//! keeps its rows in reading order, (`created_at`, `index`), which is not the order of indexes when history is imported.
//! `page::locate` counts matches in all parts and finds where a page starts without touching what lies before it. The
//! rows themselves stay in the catalog until they are on a page.

mod hashes;
mod log;
mod matches;
mod page;
mod part;
mod run;
mod tail;
mod terms;
mod tokens;

pub use log::{Indexed, Log, Unindexed};
pub use page::Located;

#[cfg(test)]
mod tests;
