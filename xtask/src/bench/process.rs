//! Child processes that never outlive the benchmark, and what `/proc` says about them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;

/// The unit of processor time in `/proc` on every Linux (`USER_HZ`).
pub(crate) const TICKS_PER_S: u32 = 100;

/// A running server. Dropping it stops it, waits until it is gone, and kills it when it does not go.
pub(crate) struct Server {
    child: Child,
    stop: Signal,
    log: PathBuf,
}

impl Server {
    /// Starts `command` with its output in the file `log`; `stop` is the signal that makes it exit at once.
    pub(crate) fn spawn(mut command: Command, stop: Signal, log: PathBuf) -> Result<Self> {
        let output = File::create(&log).with_context(|| format!("could not create {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            // Out of the terminal's foreground group: a ctrl-c is ours to handle, in our order.
            .process_group(0)
            .spawn()
            .with_context(|| format!("could not start {}", command.get_program().display()))?;
        Ok(Self { child, stop, log })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails with the end of the server's log when the process has ended.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        bail!("the server ended ({status}); its last words:\n{}", self.last_words())
    }

    /// All that it has written so far.
    pub(crate) fn words(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn last_words(&self) -> String {
        let log = self.words();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Server {
    /// Stops it and waits until it is gone. It is not restarted by that.
    #[expect(clippy::disallowed_methods, reason = "the benchmark waits for nothing else meanwhile")]
    pub(crate) fn stop(&mut self) {
        let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) else { return };
        // Errors mean that it is gone already, which is what is wanted.
        let _ = kill_process(pid, self.stop);
        let patience = Instant::now() + Duration::from_secs(10);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > patience {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A command for `program` that the kernel signals with `on_parent_death` should the benchmark itself be killed,
/// run as `user` when one is given.
pub(crate) fn guarded(program: &Path, on_parent_death: &str, user: Option<&str>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", on_parent_death]);
    if let Some(user) = user {
        command.arg(format!("--reuid={user}")).arg(format!("--regid={user}")).arg("--init-groups");
    }
    command.arg("--").arg(program);
    command
}

/// Runs a command to its end and gives its standard output, trimmed; on failure the error holds its standard error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().display().to_string();
    let arguments = command.get_args().collect::<Vec<_>>().join(OsStr::new(" ")).display().to_string();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("could not run {name}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("`{name} {arguments}` failed ({}):\n{}", output.status, complaint.trim());
    }
    Ok(String::from_utf8(output.stdout)
        .with_context(|| format!("{name} printed no UTF-8"))?
        .trim()
        .to_owned())
}

/// Resident memory of one process, in bytes.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Memory {
    /// The most it ever was since the last [`reset_peak`] (`VmHWM`).
    pub(crate) peak_bytes: u64,
    /// What it is now (`VmRSS`).
    pub(crate) now_bytes: u64,
}

/// Reads the resident memory of `pid`.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name| kilobytes(&status, name).with_context(|| format!("/proc/{pid}/status has no {name}"));
    Ok(Memory { peak_bytes: field("VmHWM:")?, now_bytes: field("VmRSS:")? })
}

/// An address of this machine that is free at this moment; nobody else is expected to take it before a server does.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Makes the present resident memory of `pid` its peak, so that the next phase is measured by itself.
pub(crate) fn reset_peak(pid: u32) -> Result<()> {
    let mut switch = File::create(format!("/proc/{pid}/clear_refs"))?;
    switch.write_all(b"5").context("could not reset the memory peak")
}

/// Memory of a process and its children in bytes, shared pages divided among those who share them (`Pss`).
pub(crate) fn tree_memory(parent: u32) -> Result<u64> {
    let pids = tree(parent)?.into_iter().map(|(pid, _)| pid);
    // A process may end while we look; it then counts nothing.
    let rollups = pids.filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok());
    Ok(rollups.filter_map(|rollup| kilobytes(&rollup, "Pss:")).sum())
}

/// What a process and its children, also those that have ended, have taken of the processors so far.
pub(crate) fn tree_cpu(parent: u32) -> Result<Duration> {
    // Of `/proc/PID/stat`, counted after the name: utime, stime, cutime and cstime.
    let ticks = |fields: &[String]| -> u64 {
        fields[11..15].iter().filter_map(|field| field.parse::<u64>().ok()).sum()
    };
    let ticks: u64 = tree(parent)?.iter().map(|(_, fields)| ticks(fields)).sum();
    Ok(Duration::from_millis(ticks * 1_000 / u64::from(TICKS_PER_S)))
}

/// A process and its children: their ids, and the fields of `/proc/PID/stat` that follow the name.
fn tree(parent: u32) -> Result<Vec<(u32, Vec<String>)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        // The name is in parentheses and may hold any.
        let Some((_, fields)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<String> = fields.split_whitespace().map(str::to_owned).collect();
        if fields.len() >= 15 && (pid == parent || fields[1].parse() == Ok(parent)) {
            found.push((pid, fields));
        }
    }
    Ok(found)
}

/// The value of a `Name:   123 kB` line, in bytes.
pub(crate) fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
