//! The load generator: any number of clients that send prepared requests for a fixed time, and what was measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// What clients on this machine are connected over.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Transport {
    /// TCP, to a port of this machine.
    Tcp,
    /// A Unix socket.
    Unix,
}

/// One connection that sends prepared requests, one at a time.
pub(crate) trait Requests: Send + 'static {
    /// Sends the `n`-th request (they start again when there are no more) and waits for its whole answer.
    /// Gives the rows written or read; anything but success is an error, and ends the benchmark.
    fn send(&mut self, n: usize) -> impl Future<Output = Result<u64>> + Send;
}

/// What one case did in one turn.
pub(crate) struct Turn {
    /// Rows of the measured requests.
    pub(crate) rows: u64,
    /// Rows of the requests that warmed the connections up: written, but not measured.
    pub(crate) unmeasured_rows: u64,
    /// From the start until the last answer.
    pub(crate) elapsed: Duration,
    /// What the load generator itself took of the processors meanwhile.
    pub(crate) generator_cpu: Duration,
    /// One per request, ascending.
    pub(crate) latencies: Vec<Duration>,
}

/// Lets every client send one request to warm up, then all of them together for `time`. A request that has begun is
/// waited for and counted. `next` says which prepared request comes next and goes on from turn to turn.
pub(crate) async fn run<C: Requests>(
    clients: Vec<C>,
    time: Duration,
    next: &Arc<AtomicUsize>,
) -> Result<Turn> {
    // One more than there are clients: the clock is read here when all have warmed up.
    let start_line = Arc::new(Barrier::new(clients.len() + 1));
    let mut tasks = JoinSet::new();
    for mut client in clients {
        let (next, start_line) = (next.clone(), start_line.clone());
        tasks.spawn(async move {
            let unmeasured_rows = client.send(next.fetch_add(1, Ordering::Relaxed)).await?;
            start_line.wait().await;
            let start = Instant::now();
            let (mut rows, mut latencies) = (0, Vec::new());
            let mut now = start;
            while now - start < time {
                rows += client.send(next.fetch_add(1, Ordering::Relaxed)).await?;
                let answered = Instant::now();
                latencies.push(answered - now);
                now = answered;
            }
            anyhow::Ok((unmeasured_rows, rows, latencies))
        });
    }
    // A client that fails never arrives at the line; its error ends the wait.
    tokio::select! {
        _ = start_line.wait() => {}
        Some(failed) = tasks.join_next() => { failed??; }
    }
    let (start, cpu_before) = (Instant::now(), cpu_time());
    let mut turn = Turn {
        rows: 0,
        unmeasured_rows: 0,
        elapsed: Duration::ZERO,
        generator_cpu: Duration::ZERO,
        latencies: Vec::new(),
    };
    // The first failure drops the set, which stops the other clients.
    while let Some(finished) = tasks.join_next().await {
        let (unmeasured_rows, rows, latencies) = finished??;
        turn.rows += rows;
        turn.unmeasured_rows += unmeasured_rows;
        turn.latencies.extend(latencies);
    }
    turn.elapsed = start.elapsed();
    turn.generator_cpu = cpu_time().saturating_sub(cpu_before);
    turn.latencies.sort_unstable();
    Ok(turn)
}

/// What this process has taken of the processors so far.
fn cpu_time() -> Duration {
    Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// Several turns of one case on one side.
#[derive(Serialize)]
pub(crate) struct Summary {
    /// Rows a second.
    pub(crate) rows_per_s: Spread,
    /// Median latency of a request.
    pub(crate) p50_ms: Spread,
    /// Latency that one request of a hundred exceeds.
    pub(crate) p99_ms: Spread,
    /// Processor cores that the load generator took for itself; at 1.0 it measures itself.
    pub(crate) generator_cores: Spread,
    /// Measured requests of all turns.
    pub(crate) requests: usize,
}

impl Summary {
    /// Sums up the turns of one case; there is at least one.
    pub(crate) fn of(turns: &[Turn]) -> Self {
        let over = |value: &dyn Fn(&Turn) -> f64| Spread::of(turns.iter().map(value).collect());
        Self {
            rows_per_s: over(&|turn| ratio(turn.rows, turn.elapsed)),
            p50_ms: over(&|turn| percentile_ms(&turn.latencies, 50)),
            p99_ms: over(&|turn| percentile_ms(&turn.latencies, 99)),
            generator_cores: over(&|turn| turn.generator_cpu.as_secs_f64() / turn.elapsed.as_secs_f64()),
            requests: turns.iter().map(|turn| turn.latencies.len()).sum(),
        }
    }
}

/// A figure over several turns.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Spread {
    /// The middle one, or the mean of the two in the middle.
    pub(crate) median: f64,
    /// The smallest.
    pub(crate) min: f64,
    /// The largest.
    pub(crate) max: f64,
}

impl Spread {
    /// Of several turns' figures; there is at least one.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Self { median, min: values[0], max: values[values.len() - 1] }
    }
}

#[expect(clippy::cast_precision_loss, reason = "rows of a benchmark are far below 2^52")]
fn ratio(rows: u64, elapsed: Duration) -> f64 {
    rows as f64 / elapsed.as_secs_f64()
}

/// The latency that `percent` of a hundred requests stay at or below; `sorted` is ascending and not empty.
pub(crate) fn percentile_ms(sorted: &[Duration], percent: usize) -> f64 {
    let position = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted[position].as_secs_f64() * 1_000.0
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these come out exactly")]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_middle_and_the_ends() {
        let odd = Spread::of(vec![3.0, 1.0, 2.0]);
        assert_eq!((odd.median, odd.min, odd.max), (2.0, 1.0, 3.0));
        assert_eq!(Spread::of(vec![4.0, 1.0]).median, 2.5);
    }

    #[test]
    fn a_percentile_is_one_of_the_latencies() {
        let hundred: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile_ms(&hundred, 50), 50.0);
        assert_eq!(percentile_ms(&hundred, 99), 99.0);
        assert_eq!(percentile_ms(&hundred[..1], 99), 1.0);
    }

    /// Writes three rows a request, and fails at the request that it is told to.
    struct Three {
        fails_at: usize,
    }

    impl Requests for Three {
        async fn send(&mut self, n: usize) -> Result<u64> {
            tokio::task::yield_now().await;
            anyhow::ensure!(n < self.fails_at, "told to");
            Ok(3)
        }
    }

    fn turn(writers: usize, fails_at: usize) -> Result<Turn> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let clients = (0..writers).map(|_| Three { fails_at }).collect();
        runtime.block_on(run(clients, Duration::from_millis(20), &Arc::default()))
    }

    #[test]
    fn all_rows_are_counted_and_the_first_request_is_not_measured() {
        let turn = turn(4, usize::MAX).expect("nothing fails");
        assert_eq!(turn.unmeasured_rows, 4 * 3);
        assert_eq!(turn.rows, turn.latencies.len() as u64 * 3);
        assert!(turn.elapsed >= Duration::from_millis(20));
    }

    #[test]
    fn a_failure_ends_the_turn_whenever_it_comes() {
        for fails_at in [0, 3, 50] {
            assert!(turn(4, fails_at).is_err(), "fails at {fails_at}");
        }
    }
}
