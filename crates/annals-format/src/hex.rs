//! Bytes as lower-case hexadecimal digits.

/// Digits that are put together before they are appended.
const DIGITS: usize = 64;

/// The two digits of each byte.
const PAIRS: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < pairs.len() {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

/// Appends two digits for each byte. Every entry passes here, and formatting takes several times as long.
pub fn push(out: &mut String, bytes: &[u8]) {
    for bytes in bytes.chunks(DIGITS / 2) {
        let mut text = [0; DIGITS];
        for (pair, byte) in text.as_chunks_mut().0.iter_mut().zip(bytes) {
            *pair = PAIRS[usize::from(*byte)];
        }
        let written = text.get(..2 * bytes.len()).unwrap_or(&text);
        out.push_str(std::str::from_utf8(written).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_bytes_is_written_as_formatting_does() {
        for length in [0, 1, 8, 31, 32, 33, 100] {
            let bytes: Vec<u8> = (0..length).map(|at: u8| at.wrapping_mul(37)).collect();
            let mut text = String::from("x");
            push(&mut text, &bytes);
            assert_eq!(text, bytes.iter().fold("x".to_owned(), |text, byte| text + &format!("{byte:02x}")));
        }
    }
}
