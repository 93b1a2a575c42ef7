//! The built server through its real surface: the binary, HTTP, the command line, signals and disks.

mod auth;
mod crash;
mod read;
mod support;
mod write;
