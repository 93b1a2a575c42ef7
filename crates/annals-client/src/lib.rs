//! A typed HTTP client for annals: list, get, prove and record audit logs.
//!
//! ```no_run
//! use annals_client::{Action, Client, ListFilters, NewEvent};
//!
//! # async fn example() -> Result<(), annals_client::Error> {
//! let client = Client::new("http://127.0.0.1:8787", "ann_svc_…")?;
//!
//! // Record an event. Once this returns, it is durable and readable.
//! let event = NewEvent::new("cost_report", Action::Update)
//!     .object("rprt_91b2c3d4e5f60718", "Cloud spend by team")
//!     .user("Ada Lovelace")
//!     .before(&serde_json::json!({"title": "Cloud spend", "groupings": "provider"}))?
//!     .after(&serde_json::json!({"title": "Cloud spend by team", "groupings": "provider"}))?;
//! let log = client.record(&event).await?;
//! println!("{} has index {:?}", log.token, log.index);
//!
//! // Read one consistent snapshot, newest first, page by page.
//! let filters = ListFilters { action: Some(Action::Update), limit: Some(1000), ..ListFilters::default() };
//! let mut pages = client.pages(&filters);
//! while let Some(page) = pages.next().await? {
//!     for log in &page.audit_logs {
//!         for change in log.changes()? {
//!             println!("{}: {} → {}", change.key, change.old, change.new);
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - **Nothing is rounded.** Recorded values are held as the JSON text they arrived in, so a 64-bit integer or a long
//!   decimal survives digit for digit. [`Served::json`] is a whole audit log exactly as the server sent it.
//! - **Retries never double an event.** A request is sent again only if the server said that it did nothing, or if
//!   doing it twice is doing it once: [`Client::record`] sends an `Idempotency-Key` of its own accord. How often and
//!   how long is [`RetryPolicy`].
//! - **The token goes to one server only.** Redirects are not followed, and of the links in an answer only the query
//!   is used.

mod action;
mod audit_log;
mod client;
mod error;
mod filters;
mod new_event;
mod recorded;
mod retry;

pub use action::{Action, UnknownAction};
pub use audit_log::{AuditLog, AuditLogs, Change, Links, Served, members};
pub use client::{Client, ClientBuilder, Pages};
pub use error::{ApiError, Error};
pub use filters::ListFilters;
pub use new_event::NewEvent;
pub use recorded::{Erased, Idempotency, Recorded, RecordedBatch};
pub use retry::RetryPolicy;
