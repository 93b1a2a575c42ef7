//! Where randomness comes from: the operating system, for tokens, seeds and secrets.

use std::cell::RefCell;

use annals_format::hex;

/// Bytes that each thread draws at a time. A request needs a few dozen, and a call of the operating system for each would
/// cost more than the rest of what is done with them.
const POOL_BYTES: usize = 1_024;

thread_local! {
    /// Random bytes that nobody has got yet, at the end.
    static POOL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

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

fn fill(bytes: &mut [u8]) {
    if bytes.len() > POOL_BYTES {
        return draw(bytes);
    }
    POOL.with_borrow_mut(|pool| {
        if pool.len() < bytes.len() {
            pool.resize(POOL_BYTES, 0);
            draw(pool);
        }
        // What was handed out is gone from here.
        let rest = pool.len() - bytes.len();
        for (byte, random) in bytes.iter_mut().zip(pool.drain(rest..)) {
            *byte = random;
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
#[expect(
    clippy::expect_used,
    reason = "a process without randomness must stop before it writes a guessable secret"
)]
fn draw(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

/// A name such as `wrkspc_0a1b2c3d4e5f6071`: the prefix and sixteen lower-case hexadecimal digits.
pub fn name(prefix: &str) -> String {
    let mut name = String::with_capacity(prefix.len() + 16);
    name.push_str(prefix);
    hex::push(&mut name, &bytes::<8>());
    name
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nothing_is_handed_out_twice() {
        let draws =
            (0..1_000).map(|_| bytes::<16>()).chain((0..100).map(|_| many(16).try_into().expect("16")));
        assert_eq!(draws.collect::<HashSet<[u8; 16]>>().len(), 1_100);
        for count in [0, 1, POOL_BYTES - 1, POOL_BYTES, POOL_BYTES + 1, 5_000] {
            assert_eq!(many(count).len(), count);
        }
        assert_ne!(many(5_000)[4_900..], [0; 100]);
    }
}
