//! Who runs this process.

use rustix::{process, system};

/// Who runs this process, as people know them: `ada@build-1`.
///
/// Behind `sudo` this is whoever called it. It is what the environment says, as good as the access to the data
/// directory that the process has: whoever has that could write any name.
pub fn operator() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|variable| std::env::var(variable).ok().filter(|name| !name.trim().is_empty()));
    let user = named.unwrap_or_else(|| format!("uid {}", process::getuid().as_raw()));
    match system::uname().nodename().to_str() {
        Ok(host) if !host.is_empty() => format!("{user}@{host}"),
        _ => user,
    }
}
