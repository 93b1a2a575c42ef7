//! Where the present comes from. Nothing else in this crate reads a clock for a time that is stored or compared.

use std::sync::Arc;

use annals_format::Timestamp;

/// Tells the present. Passed in, so that tests can move it.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system")]
    fn now(&self) -> Timestamp {
        Timestamp::from_us(jiff::Timestamp::now().as_microsecond())
    }
}

impl<C: Clock> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        C::now(self)
    }
}
