//! annals: an audit-log server. It records who changed what, and lets people read, search and prove it.
//!
//! The binary is all that anyone outside uses. Inside, the write path is [`http`] → [`engine`] → [`append`] →
//! the catalog of `annals-store`; the read path is [`http`] → [`engine`] → [`query`] → the catalog.

pub mod administer;
pub mod append;
pub mod cli;
pub mod clock;
pub mod config;
pub mod data_dir;
mod durable;
pub mod engine;
pub mod holds;
pub mod http;
pub mod identity;
pub mod jobs;
pub mod limits;
pub mod metrics;
pub mod query;
pub mod random;
pub mod retention;
pub mod sample;
pub mod segments;
pub mod server;
pub mod telemetry;
pub mod tlog;
pub mod verify;
pub mod witness;
mod workers;
