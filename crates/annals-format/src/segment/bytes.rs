//! Numbers and byte strings: little-endian, or LEB128 where most are small.

/// Why a part is not what its kind should be.
pub(super) type Reason = &'static str;

pub(super) const TOO_SHORT: Reason = "it is too short";

/// Reads from the front of bytes that nobody vouches for.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Reason> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(TOO_SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(TOO_SHORT)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Reason> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Reason> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Reason> {
        self.array().map(u64::from_le_bytes)
    }

    /// A number in LEB128: seven bits a byte, the lowest first.
    pub(super) fn leb(&mut self) -> Result<u64, Reason> {
        let mut number = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            number |= bits << shift;
            if byte & 0x80 == 0 {
                // The tenth byte has room for a single bit.
                return if bits << shift >> shift == bits { Ok(number) } else { Err(TOO_LARGE) };
            }
        }
        Err(TOO_LARGE)
    }

    /// A LEB128 number that is a length or count of 32 bits.
    pub(super) fn leb32(&mut self) -> Result<u32, Reason> {
        self.leb()?.try_into().map_err(|_| TOO_LARGE)
    }

    /// A byte string behind its length in LEB128.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Reason> {
        let length = self.leb32()?;
        self.take(length as usize)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Result<(), Reason> {
        if self.is_empty() { Ok(()) } else { Err("bytes follow its end") }
    }
}

const TOO_LARGE: Reason = "a number is too large";

/// Appends a number in LEB128.
pub(super) fn push_leb(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// The order of these numbers is the order of the instants, so that one kind of column holds both.
pub(super) fn from_us(us: i64) -> u64 {
    us.cast_unsigned() ^ SIGN
}

/// The instant that [`from_us`] made the number of.
pub(super) fn to_us(number: u64) -> i64 {
    (number ^ SIGN).cast_signed()
}

const SIGN: u64 = 1 << 63;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_read_back(numbers: Vec<u64>) {
            let mut bytes = Vec::new();
            for number in &numbers {
                push_leb(&mut bytes, *number);
            }
            let mut cursor = Cursor::new(&bytes);
            for number in numbers {
                prop_assert_eq!(cursor.leb(), Ok(number));
            }
            prop_assert_eq!(cursor.end(), Ok(()));
        }

        #[test]
        fn instants_keep_their_order(a: i64, b: i64) {
            prop_assert_eq!(a.cmp(&b), from_us(a).cmp(&from_us(b)));
            prop_assert_eq!(to_us(from_us(a)), a);
        }
    }

    #[test]
    fn numbers_beyond_64_bits_are_refused() {
        for bytes in [&[0xff; 12][..], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]] {
            assert_eq!(Cursor::new(bytes).leb(), Err(TOO_LARGE));
        }
        assert_eq!(Cursor::new(&[0x80]).leb(), Err(TOO_SHORT));
    }
}
