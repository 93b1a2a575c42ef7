//! Memory that is free goes back to the system at once.

use std::{env, os::unix::process::CommandExt as _, process::Command};

/// How many milliseconds the allocator keeps memory that is free; it reads this before the program begins.
const VARIABLE: &str = "MIMALLOC_PURGE_DELAY";

/// Starts the program anew with an allocator that does not wait before it gives memory back, unless somebody has set how
/// long it waits. Sealing takes a hundred megabytes each time; kept for later by each thread, they would double what the
/// server takes. It is the same process still, and what cannot be done is left.
pub(super) fn give_back_at_once() {
    if env::var_os(VARIABLE).is_some() {
        return;
    }
    let mut arguments = env::args_os();
    let (Some(name), Ok(program)) = (arguments.next(), env::current_exe()) else { return };
    // Returns only if it fails; then everything goes on as it was.
    let _ = Command::new(program).arg0(name).args(arguments).env(VARIABLE, "0").exec();
}
