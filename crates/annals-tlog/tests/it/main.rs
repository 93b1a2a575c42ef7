//! Holds the crate against published vectors, the definition in RFC 6962, and an independent implementation.

mod edge_bytes;
mod hash_text;
mod oracle;
mod vectors;
