//! The `annals` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    // All TLS in the process uses this one provider. It fails only if one is installed already, which is as good.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    annals::cli::run()
}
