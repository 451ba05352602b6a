//! Byte strings of any content, self-delimiting and in order: every `00` is followed by `FF`, and
//! `00 00` ends the string.

use crate::codec::bytes::find_zero;
use crate::error::{Error, Result};

const ESCAPED: [u8; 2] = [0, 0xff];
const END: [u8; 2] = [0, 0];

/// Appends `bytes`, escaped and ended.
pub fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    put_open(out, bytes);
    out.extend_from_slice(&END);
}

/// Appends `bytes`, escaped but not ended: what every longer string with this start begins with.
pub fn put_open(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut parts = bytes.split(|&byte| byte == 0);
    out.extend_from_slice(parts.next().unwrap_or_default());
    for part in parts {
        out.extend_from_slice(&ESCAPED);
        out.extend_from_slice(part);
    }
}

/// Splits at the end of the string in front: the string as it is escaped, without its end, and what
/// follows the end.
pub fn split(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let mut from = 0;
    loop {
        let zero = bytes
            .get(from..)
            .and_then(find_zero)
            .ok_or_else(|| Error::decode("a string in a key has no end"))?;
        let end = from + zero;
        match bytes.get(end + 1) {
            Some(0) => {
                let (body, rest) = bytes.split_at(end);
                return Ok((body, rest.get(END.len()..).unwrap_or_default()));
            }
            Some(0xff) => from = end + ESCAPED.len(),
            _ => return Err(Error::decode("a string in a key is not escaped")),
        }
    }
}

/// Undoes the escapes of a string that [`split`] gave.
pub fn undo(body: &[u8]) -> Vec<u8> {
    let mut after_zero = false;
    let mut out = Vec::with_capacity(body.len());
    for &byte in body {
        if !std::mem::replace(&mut after_zero, byte == 0) {
            out.push(byte);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_few_letters_keep_their_order_and_come_back() {
        let mut strings: Vec<Vec<u8>> = vec![Vec::new()];
        for length in 0..5 {
            let longer: Vec<_> = strings.iter().filter(|s| s.len() == length).cloned().collect();
            for letter in [0, 1, 0xfe, 0xff] {
                strings.extend(longer.iter().map(|s| [s.as_slice(), &[letter]].concat()));
            }
        }
        strings.sort();
        let mut before = Vec::new();
        for string in strings {
            let mut key = Vec::new();
            put(&mut key, &string);
            assert!(before < key, "{string:02x?}");
            let followed = [key.as_slice(), &[0, 0xff, 7]].concat();
            let (body, rest) = split(&followed).unwrap();
            assert_eq!((undo(body), rest), (string, &[0, 0xff, 7][..]));
            before = key;
        }
    }

    #[test]
    fn a_string_without_end_is_refused() {
        for bytes in [&[][..], &[1, 2], &[0], &[0, 0xff], &[1, 0, 1], &[0, 0xff, 0]] {
            assert!(split(bytes).is_err(), "{bytes:02x?}");
        }
    }
}
