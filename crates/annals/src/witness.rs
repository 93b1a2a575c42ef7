//! Witnessing: cosigning the checkpoints of other logs, and having one's own cosigned, as c2sp.org/tlog-witness has it.
//!
//! A [witness](Cosigner) cosigns a checkpoint when its log has only grown since the one before, so a log that shows
//! different trees to different people does not get both cosigned. It needs little: its keys, the verifier keys of
//! the logs, and the checkpoint of each that it cosigned last, all in a [`Directory`] of its own. A log asks for
//! cosignatures by the [`client`].

pub mod client;
mod cosigner;
mod directory;
mod http;

pub use cosigner::{CosignError, Cosigner};
pub use directory::{Directory, DirectoryError, Log};
pub use http::router;
