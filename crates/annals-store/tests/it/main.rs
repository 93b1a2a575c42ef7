//! The contracts of the catalog and of blobs on every engine, store and wrapper, and what is particular to some of them.

mod agree;
mod blobs;
mod contract;
mod faults;
mod sqlite;
