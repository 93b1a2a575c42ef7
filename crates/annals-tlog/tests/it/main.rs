//! Holds the crate against published vectors, the definition in RFC 6962, and an independent implementation.

mod bundle;
mod checkpoint;
mod cosignature;
mod edge_bytes;
mod hash_text;
mod keys;
mod log;
mod note;
mod note_oracle;
mod note_vectors;
mod oracle;
mod plan;
mod proof_definition;
mod proof_file;
mod proof_oracle;
mod proof_refused;
mod signing;
mod tile_path;
mod tile_sizes;
mod vectors;
mod witness;
