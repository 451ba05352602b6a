//! A small encoder: every function appends one head or value in canonical form.

use entidb_hot::cbor::{
    INTEGERS_END, Major, additional, date_seconds, is_whole, to_half, to_single, whole,
};

use crate::error::{Error, Result};

/// Appends a head in its shortest form.
pub fn put_head(out: &mut Vec<u8>, major: Major, argument: u64) {
    let bytes = argument.to_be_bytes();
    let [.., low] = bytes;
    let (info, width) = match argument {
        0..24 => (low, 0),
        24..0x100 => (additional::BYTES_1, 1),
        0x100..0x1_0000 => (additional::BYTES_2, 2),
        0x1_0000..0x1_0000_0000 => (additional::BYTES_4, 4),
        _ => (additional::BYTES_8, 8),
    };
    put_initial(out, major, info);
    out.extend_from_slice(bytes.get(bytes.len() - width..).unwrap_or_default());
}

fn put_initial(out: &mut Vec<u8>, major: Major, info: u8) {
    out.push((major as u8) << 5 | info);
}

/// Appends `null`.
pub fn put_null(out: &mut Vec<u8>) {
    put_initial(out, Major::Simple, additional::NULL);
}

/// Appends `false` or `true`.
pub fn put_bool(out: &mut Vec<u8>, value: bool) {
    put_initial(out, Major::Simple, if value { additional::TRUE } else { additional::FALSE });
}

/// Appends a text string.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_head(out, Major::Text, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Appends a byte string.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_head(out, Major::Bytes, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The encoded form of a map's key.
pub fn text_key(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + 2);
    put_text(&mut out, name);
    out
}

/// Appends an integer. It reads back as a number where |n| < 2^53, else as a big integer.
pub fn put_int(out: &mut Vec<u8>, n: i64) {
    let (major, argument) = if n < 0 { (Major::Negative, -1 - n) } else { (Major::Unsigned, n) };
    put_head(out, major, argument.unsigned_abs());
}

/// Appends a number. NaN and infinities are `InvalidInput`.
pub fn put_number(out: &mut Vec<u8>, x: f64) -> Result<()> {
    if !x.is_finite() {
        return Err(Error::invalid("a number must be finite; store null in place of NaN"));
    }
    if is_whole(x) {
        put_int(out, whole(x));
        return Ok(());
    }
    match to_single(x).map(|single| (single, to_half(single))) {
        Some((_, Some(half))) => {
            put_initial(out, Major::Simple, additional::BYTES_2);
            out.extend_from_slice(&half.to_be_bytes());
        }
        Some((single, None)) => {
            put_initial(out, Major::Simple, additional::BYTES_4);
            out.extend_from_slice(&single.to_bits().to_be_bytes());
        }
        None => {
            put_initial(out, Major::Simple, additional::BYTES_8);
            out.extend_from_slice(&x.to_bits().to_be_bytes());
        }
    }
    Ok(())
}

/// Appends a big integer. One outside of -2^63 <= n < 2^64 is `InvalidInput`.
pub fn put_big(out: &mut Vec<u8>, n: i128) -> Result<()> {
    let (negative, magnitude) = if n < 0 { (true, -1 - n) } else { (false, n) };
    let in_range = u64::try_from(magnitude).ok().filter(|_| n >= i128::from(i64::MIN));
    let Some(magnitude) = in_range else {
        return Err(Error::invalid(
            "a big integer must lie between -2^63 and 2^64 - 1; store a larger one as text",
        ));
    };
    if n.unsigned_abs() >= u128::from(INTEGERS_END) {
        put_head(out, if negative { Major::Negative } else { Major::Unsigned }, magnitude);
        return Ok(());
    }
    put_head(out, Major::Tag, if negative { 3 } else { 2 });
    let bytes = magnitude.to_be_bytes();
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    put_bytes(out, bytes.get(zeros..).unwrap_or_default());
    Ok(())
}

/// Appends a date, given in milliseconds since 1970. One with |ms| > 8.64e15 is `InvalidInput`.
pub fn put_date(out: &mut Vec<u8>, ms: i64) -> Result<()> {
    let seconds = date_seconds(ms)
        .ok_or_else(|| Error::invalid("a date must lie within 8.64e15 milliseconds of 1970"))?;
    put_head(out, Major::Tag, 1);
    put_number(out, seconds)
}
