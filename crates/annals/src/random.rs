//! Where randomness comes from: the operating system, for tokens, seeds and secrets.

/// Random bytes, fit for secrets.
///
/// # Panics
/// When the operating system has no randomness to give, as nothing safe can be done without it.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// The same for a number of bytes that is not known beforehand.
///
/// # Panics
/// As [`bytes()`] does.
pub fn many(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    fill(&mut bytes);
    bytes
}

#[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
#[expect(
    clippy::expect_used,
    reason = "a process without randomness must stop before it writes a guessable secret"
)]
fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

/// A name such as `wrkspc_0a1b2c3d4e5f6071`: the prefix and sixteen lower-case hexadecimal digits.
pub fn name(prefix: &str) -> String {
    format!("{prefix}{:016x}", u64::from_le_bytes(bytes()))
}
