//! The contract of the catalog on every engine and wrapper, and what is particular to some of them.

mod contract;
mod faults;
mod sqlite;
