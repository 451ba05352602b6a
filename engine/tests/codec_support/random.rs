//! Random values that gather around the borders of the format.

use entidb::codec::value::Value;
use fastrand::Rng;

/// Letters that the encodings treat differently, so that short strings collide and nest.
const LETTERS: [&str; 9] =
    ["a", "a", "b", "\0", "\u{1}", "\u{7f}", "\u{e9}", "\u{ffff}", "\u{1f980}"];

/// A value with at most `levels` levels of arrays and objects.
pub fn value(rng: &mut Rng, levels: u32) -> Value {
    match rng.u8(..if levels == 0 { 10 } else { 13 }) {
        0 => Value::Null,
        1 => Value::Bool(rng.bool()),
        2..=4 => Value::Number(number(rng)),
        5..=6 => Value::BigInt(big(rng)),
        7 => Value::Text(text(rng)),
        8 => Value::Bytes(
            (0..rng.usize(..4)).map(|_| *rng.choice(&[0, 1, 97, 255]).unwrap()).collect(),
        ),
        9 => Value::Date(date(rng)),
        10..=11 => Value::Array((0..rng.usize(..4)).map(|_| value(rng, levels - 1)).collect()),
        _ => object(rng, levels - 1),
    }
}

/// An object whose values have at most `levels` levels.
pub fn object(rng: &mut Rng, levels: u32) -> Value {
    Value::Object((0..rng.usize(..5)).map(|_| (name(rng), value(rng, levels))).collect())
}

/// A name other than `id`, often one that occurs elsewhere.
pub fn name(rng: &mut Rng) -> String {
    match rng.u8(..8) {
        0 => "__proto__".to_owned(),
        1 => "x".repeat(rng.usize(22..26)),
        2 => text(rng),
        _ => (*rng.choice(&["a", "b", "c", "aa", "ab"]).unwrap()).to_owned(),
    }
}

fn text(rng: &mut Rng) -> String {
    if rng.u8(..16) == 0 {
        return "y".repeat(*rng.choice(&[23, 24, 255, 256]).unwrap());
    }
    (0..rng.usize(..4)).map(|_| *rng.choice(&LETTERS).unwrap()).collect()
}

fn number(rng: &mut Rng) -> f64 {
    let x = match rng.u8(..6) {
        0 => f64::from_bits(rng.u64(..)),
        1 => f64::from(f32::from_bits(rng.u32(..))),
        2 => f64::from(rng.i32(-40..40)) / 8.0,
        3 => cbor_nearest(big(rng)),
        4 => f64::from(rng.u16(..)) / 1024.0,
        _ => f64::from(rng.i32(..)),
    };
    // The format has one zero, and so have the values compared with what is decoded.
    if x.is_finite() { x + 0.0 } else { 0.0 }
}

fn cbor_nearest(n: i128) -> f64 {
    entidb::codec::cbor::nearest(n)
}

/// Integers around the powers of two, where heads and doubles change.
fn big(rng: &mut Rng) -> i128 {
    let spread = if rng.bool() { 3 } else { 5000 };
    let n = (1_i128 << rng.u32(..65)) + i128::from(rng.i32(-spread..=spread));
    let n = if rng.bool() { n } else { -n };
    n.clamp(i128::from(i64::MIN), i128::from(u64::MAX))
}

fn date(rng: &mut Rng) -> i64 {
    match rng.u8(..3) {
        0 => rng.i64(-3..=3),
        1 => rng.i64(4_398_046_511_104_000..=4_503_599_627_370_496),
        _ => rng.i64(-8_640_000_000_000_000..=8_640_000_000_000_000),
    }
}
