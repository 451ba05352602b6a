//! The order-preserving encoding of index values; see FORMAT.md, section 3.

use crate::codec::bytes::Reader;
use crate::codec::cbor::{self, INTEGERS_END, Item};
use crate::codec::escape;
use crate::error::{Error, Result};

const ARRAY_END: u8 = 0;
const MISSING: u8 = 1;
const NULL: u8 = 2;
const FALSE: u8 = 3;
const TRUE: u8 = 4;
const NUMBER: u8 = 5;
const STRING: u8 = 6;
const BYTES: u8 = 7;
const DATE: u8 = 8;
const ARRAY: u8 = 9;

/// Turns two's complement into an order of unsigned bytes.
const SIGN: u64 = 1 << 63;
const RESIDUAL_SIGN: u16 = 1 << 15;

/// Appends the index value for a field that is missing.
pub fn put_missing(out: &mut Vec<u8>) {
    out.push(MISSING);
}

/// Appends the index value of one canonical CBOR value. An object counts as missing. What was
/// appended before an error is of no use.
pub fn encode_value(value: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut reader = Reader::new(value);
    let Some(count) = put_one(&mut reader, out)? else { return Ok(()) };
    // Elements left in each array that has been entered.
    let mut open = vec![count];
    while let Some(left) = open.last_mut() {
        if *left == 0 {
            out.push(ARRAY_END);
            open.pop();
            continue;
        }
        *left -= 1;
        if let Some(count) = put_one(&mut reader, out)? {
            open.push(count);
        }
    }
    Ok(())
}

/// Appends one value, or of an array the start: its number of elements is returned.
#[inline]
fn put_one(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Result<Option<usize>> {
    let start = *reader;
    match cbor::item(reader)? {
        Item::Null => out.push(NULL),
        Item::Bool(false) => out.push(FALSE),
        Item::Bool(true) => out.push(TRUE),
        Item::Number(x) => put_number(out, x, 0),
        Item::BigInt(n) => {
            let near = cbor::nearest(n);
            put_number(out, near, residual(n, near));
        }
        Item::Text(text) => put_string(out, STRING, text.as_bytes()),
        Item::Bytes(bytes) => put_string(out, BYTES, bytes),
        Item::Date(ms) => {
            out.push(DATE);
            out.extend_from_slice(&(ms.cast_unsigned() ^ SIGN).to_be_bytes());
        }
        Item::Map(_) => {
            *reader = start;
            cbor::skip(reader)?;
            out.push(MISSING);
        }
        Item::Array(count) => {
            out.push(ARRAY);
            return Ok(Some(count));
        }
    }
    Ok(None)
}

fn put_string(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    escape::put(out, bytes);
}

fn put_number(out: &mut Vec<u8>, near: f64, residual: i16) {
    out.push(NUMBER);
    let bits = near.to_bits();
    let ordered = if bits & SIGN == 0 { bits ^ SIGN } else { !bits };
    out.extend_from_slice(&ordered.to_be_bytes());
    if has_residual(near) {
        out.extend_from_slice(&(residual.cast_unsigned() ^ RESIDUAL_SIGN).to_be_bytes());
    }
}

/// What `near` is short of `n`. Doubles below 2^64 are at most 2,048 apart, so it is small.
#[expect(clippy::cast_possible_truncation, reason = "a double near a big integer is whole")]
fn residual(n: i128, near: f64) -> i16 {
    i16::try_from(n - near as i128).unwrap_or_default()
}

fn has_residual(near: f64) -> bool {
    near.abs() >= cbor::nearest(i128::from(INTEGERS_END))
}

/// Appends what the index values of all strings that start with `text` start with.
pub fn string_prefix(text: &str, out: &mut Vec<u8>) {
    out.push(STRING);
    escape::put_open(out, text.as_bytes());
}

/// Splits one index value off the front.
pub fn split_value(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    split_values(bytes, 1)
}

/// Splits `count` index values off the front.
pub fn split_values(bytes: &[u8], count: usize) -> Result<(&[u8], &[u8])> {
    let mut reader = Reader::new(bytes);
    for _ in 0..count {
        skip_value(&mut reader)?;
    }
    let len = bytes.len() - reader.rest().len();
    bytes.split_at_checked(len).ok_or_else(|| Error::decode("an index value is cut off"))
}

/// Whether one of the index values, of which `bytes` are nothing but a sequence, is missing. What
/// is missing inside an array does not count.
pub fn contains_missing(bytes: &[u8]) -> Result<bool> {
    let mut reader = Reader::new(bytes);
    while let Some(&tag) = reader.rest().first() {
        if tag == MISSING {
            return Ok(true);
        }
        skip_value(&mut reader)?;
    }
    Ok(false)
}

fn skip_value(reader: &mut Reader<'_>) -> Result<()> {
    let mut arrays = 0_usize;
    loop {
        match reader.u8()? {
            MISSING | NULL | FALSE | TRUE => {}
            NUMBER => skip_number(reader)?,
            STRING | BYTES => {
                let (_, rest) = escape::split(reader.rest())?;
                *reader = Reader::new(rest);
            }
            DATE => {
                reader.take(8)?;
            }
            ARRAY => arrays += 1,
            ARRAY_END if arrays > 0 => arrays -= 1,
            _ => return Err(Error::decode("an index value starts with an unknown byte")),
        }
        if arrays == 0 {
            return Ok(());
        }
    }
}

fn skip_number(reader: &mut Reader<'_>) -> Result<()> {
    let ordered = u64::from_be_bytes(reader.array()?);
    let bits = if ordered & SIGN == 0 { !ordered } else { ordered ^ SIGN };
    if has_residual(f64::from_bits(bits)) {
        reader.take(2)?;
    }
    Ok(())
}

/// The smallest key that is greater than every key that starts with `prefix`; none where the prefix
/// is empty or `FF` throughout.
pub fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let end = prefix.iter().rposition(|&byte| byte != 0xff)?;
    let mut next = prefix.get(..=end)?.to_vec();
    if let Some(last) = next.last_mut() {
        *last += 1;
    }
    Some(next)
}
