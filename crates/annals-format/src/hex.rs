//! Bytes as lower-case hexadecimal digits.

/// Digits that are put together before they are appended.
const DIGITS: usize = 64;

/// Appends two digits for each byte. Every entry passes here, and formatting takes several times as long.
pub fn push(out: &mut String, bytes: &[u8]) {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    for bytes in bytes.chunks(DIGITS / 2) {
        let mut text = [b'0'; DIGITS];
        for (pair, byte) in text.as_chunks_mut().0.iter_mut().zip(bytes) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
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
