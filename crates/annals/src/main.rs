//! The `annals` binary.

use std::process::ExitCode;

/// Recording allocates many small texts on several threads at once; this allocator halves what that costs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // All TLS in the process uses this one provider. It fails only if one is installed already, which is as good.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    annals::cli::run()
}
