//! The formats of annals: what an event is, how an entry is stored, served and hashed, and what a list asks for.
//!
//! Nothing here does I/O, reads a clock or draws randomness: bytes come in, bytes go out. The crate is what a
//! verifier or a tool links that wants to read annals' data without the server.
//!
//! - [`json`] reads JSON strictly and gives it one minimal spelling.
//! - [`event`] turns what a client sent into a validated [`Event`].
//! - [`entry`] gives an event its stored form, its leaf and its place in answers.
//! - [`disclosure`] shows an entry, or some of its sections, to whoever checks it against its leaf.
//! - [`segment`] keeps the oldest entries of a log in one immutable file with its own index.
//! - [`query`] parses the parameters of a list into a [`Filter`] and a page.
//! - [`retention`] says how long entries are kept.
//! - [`search`] says what the words of an entry are.

pub mod disclosure;
pub mod entry;
pub mod event;
pub mod hex;
pub mod json;
pub mod limits;
pub mod object_type;
pub mod query;
pub mod retention;
pub mod search;
pub mod segment;
mod sentence;
pub mod time;
pub mod token;

pub use disclosure::Disclosure;
pub use entry::{Draft, Row};
pub use event::{Action, Event};
pub use query::{Filter, Interval, ListQuery, ProofQuery, StatsQuery};
pub use retention::Retention;
pub use time::Timestamp;
pub use token::LogToken;
