//! Writes the few forms of JSON that a sample needs straight into a `String`.

/// Writes a string, quoted and escaped.
pub(super) fn text(out: &mut String, text: &str) {
    out.push('"');
    let mut written = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte == b'"' || byte == b'\\' || byte < b' ' {
            out.push_str(&text[written..at]);
            written = at + 1;
            match byte {
                b'"' => out.push_str("\\\""),
                b'\\' => out.push_str("\\\\"),
                _ => {
                    out.push_str("\\u00");
                    hex(out, u64::from(byte), 2);
                }
            }
        }
    }
    out.push_str(&text[written..]);
    out.push('"');
}

/// Writes a string that holds what `write` writes.
pub(super) fn text_of(out: &mut String, write: impl FnOnce(&mut String)) {
    let start = out.len();
    write(out);
    let inner = out.split_off(start);
    text(out, &inner);
}

/// Writes `"key":`, after a comma unless it is the first of its object.
pub(super) fn key(out: &mut String, key: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    text(out, key);
    out.push(':');
}

/// Writes an array of what `write` writes for 0, 1, … `len - 1`.
pub(super) fn array(out: &mut String, len: u64, mut write: impl FnMut(&mut String)) {
    out.push('[');
    for at in 0..len {
        if at > 0 {
            out.push(',');
        }
        write(out);
    }
    out.push(']');
}

/// Writes a whole number.
pub(super) fn number(out: &mut String, number: u64) {
    digits(out, number, number.checked_ilog10().map_or(1, |log| log + 1));
}

/// Writes the last `count` decimal digits of a number, with leading zeros.
pub(super) fn digits(out: &mut String, number: u64, count: u32) {
    based(out, number, count, 10);
}

/// Writes the last `count` hexadecimal digits of a number, in lower case.
pub(super) fn hex(out: &mut String, number: u64, count: u32) {
    based(out, number, count, 16);
}

#[expect(clippy::cast_possible_truncation, reason = "a digit is below the base, and no base is above 16")]
fn based(out: &mut String, number: u64, count: u32, base: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut buffer = [b'0'; 20];
    let mut rest = number;
    let count = buffer.len().min(count as usize);
    for place in buffer[..count].iter_mut().rev() {
        *place = DIGITS[(rest % base) as usize];
        rest /= base;
    }
    out.extend(buffer[..count].iter().copied().map(char::from));
}
