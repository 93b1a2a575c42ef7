//! Verification of whole logs: everything that is stored, or served, is compared with all that follows from it.

mod local;

pub use local::{Finding, Intact, Local, Stopped};
