//! The client against a small server that can be told to fail.

mod faults;
mod reads;
mod server;
mod writes;
