//! Verifying logs: that everything in one is what was signed, and that it only ever grew.
//!
//! [`Local`] verifies a log where it is stored: everything is compared with all that follows from it. [`remote`] verifies a log
//! over HTTP, as anybody can who has its verifier keys: with nothing of what the server says taken on trust.

mod local;
pub mod remote;

pub use local::{Finding, Intact, Local, Stopped};
