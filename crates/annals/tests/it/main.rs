//! The built server through its real surface: the binary, HTTP, the command line, signals and disks.

mod auth;
mod cli;
mod crash;
mod disk;
mod erase;
mod faults;
mod hostile;
mod isolation;
mod monitor;
mod read;
mod retention;
mod segments;
mod socket;
mod support;
mod tamper;
mod tlog;
mod tls;
mod verify_file;
mod witness;
mod write;
