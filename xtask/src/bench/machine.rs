//! The machine the numbers come from: without it they mean nothing.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use super::disk::{self, SyncLatency};
use super::process::{self, TICKS_PER_S};

/// How long other programs are watched.
const LOOK: Duration = Duration::from_secs(2);

/// What a reader must know to compare the numbers with others.
#[derive(Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_bytes: u64,
    pub(crate) kernel: String,
    /// On the disk that both sides write to.
    pub(crate) fdatasync: SyncLatency,
    /// Cores that other programs kept busy just before the benchmark began.
    pub(crate) others_cores: f64,
}

impl Machine {
    /// Looks at this machine, and at the disk that holds `dir`.
    pub(crate) async fn look(dir: &Path) -> Result<Self> {
        let read =
            |path: &str| std::fs::read_to_string(path).with_context(|| format!("could not read {path}"));
        let cpuinfo = read("/proc/cpuinfo")?;
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let before = busy_ticks(&read("/proc/stat")?)?;
        tokio::time::sleep(LOOK).await;
        let ticks = busy_ticks(&read("/proc/stat")?)? - before;
        Ok(Self {
            cpu: model
                .map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, model)| model.trim().to_owned()),
            cores: std::thread::available_parallelism()?.get(),
            memory_bytes: process::kilobytes(&read("/proc/meminfo")?, "MemTotal:").context("no MemTotal")?,
            kernel: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            fdatasync: disk::sync_latency(dir)?,
            others_cores: ticks / f64::from(TICKS_PER_S) / LOOK.as_secs_f64(),
        })
    }

    /// Whether so much else ran that the absolute numbers, if not the ratios, say little.
    pub(crate) fn was_busy(&self) -> bool {
        self.others_cores > 0.1
    }
}

/// Ticks that all cores together spent on anything but waiting, from the first line of `/proc/stat`: user, nice,
/// system, idle, iowait, irq, softirq and steal.
fn busy_ticks(stat: &str) -> Result<f64> {
    let cpu = stat
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("cpu "))
        .context("/proc/stat has no cpu line")?;
    let ticks = cpu.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let busy = ticks.iter().take(8).enumerate().filter(|(position, _)| !matches!(position, 3 | 4));
    Ok(busy.map(|(_, ticks)| ticks).sum())
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "whole numbers come out exactly")]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_not_busy() {
        let stat = "cpu  1 2 4 1000 1000 8 16 32 64 128\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        assert_eq!(busy_ticks(stat).expect("a cpu line"), 63.0);
    }
}
