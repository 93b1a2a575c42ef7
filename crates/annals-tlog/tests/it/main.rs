//! Holds the crate against published vectors, the definition in RFC 6962, and an independent implementation.

mod bundle;
mod edge_bytes;
mod hash_text;
mod log;
mod oracle;
mod plan;
mod proof_definition;
mod proof_oracle;
mod proof_refused;
mod tile_path;
mod tile_sizes;
mod vectors;
