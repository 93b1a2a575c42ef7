//! Segments against a naive reading of the rows that they were made of.

mod damage;
mod golden;
mod merge;
mod model;
mod pruned;
mod rewrite;
mod seal;
mod secrets;
mod support;
mod verify;
