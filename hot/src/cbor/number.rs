//! Numbers, big integers and dates: which of the forms of CBOR is the canonical one.

use super::Item;
use crate::{Malformed, Result};

/// Whole numbers below this in magnitude are integers in every language: 2^53.
pub const INTEGERS_END: u64 = 1 << 53;
/// The same as a double.
const INTEGERS_END_F64: f64 = 9_007_199_254_740_992.0;
/// Milliseconds of the last date, and of the first one before 1970.
const DATE_MS_MAX: i64 = 8_640_000_000_000_000;
/// Milliseconds of a second.
const SECOND_MS: f64 = 1000.0;

/// Whether `x` is stored as an integer; finite `x` only. -0 is: it is stored as 0.
pub fn is_whole(x: f64) -> bool {
    x.abs() < INTEGERS_END_F64 && x.trunc().to_bits() == x.to_bits()
}

/// The double nearest to `n`, ties to even.
#[expect(clippy::cast_precision_loss, reason = "rounding to nearest is what is asked for")]
pub fn nearest(n: i128) -> f64 {
    n as f64
}

/// The whole number `x` as an integer, for |x| < 2^63.
#[expect(clippy::cast_possible_truncation, reason = "callers pass whole numbers in range")]
pub fn whole(x: f64) -> i64 {
    x as i64
}

/// `x` as an unsigned integer of 32 bits, if it is one.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what does not fit is told by comparing"
)]
pub fn unsigned_32(x: f64) -> Option<u32> {
    let n = x as u32;
    (f64::from(n).to_bits() == x.to_bits()).then_some(n)
}

#[inline]
#[expect(clippy::cast_precision_loss, reason = "integers below 2^53 are exact doubles")]
pub(super) fn unsigned<'a>(n: u64) -> Item<'a> {
    if n < INTEGERS_END { Item::Number(n as f64) } else { Item::BigInt(i128::from(n)) }
}

#[inline]
#[expect(clippy::cast_precision_loss, reason = "integers below 2^53 are exact doubles")]
pub(super) fn negative<'a>(argument: u64) -> Result<Item<'a>> {
    let below = i64::try_from(argument)
        .map_err(|_| Malformed("an integer is below -2^63, and cannot be stored"))?;
    let n = -1 - below;
    if n.unsigned_abs() < INTEGERS_END {
        return Ok(Item::Number(n as f64));
    }
    Ok(Item::BigInt(i128::from(n)))
}

/// The big integer with this magnitude: the value itself, or what -1 less the value is.
pub(super) fn bignum(magnitude: &[u8], negative: bool) -> Result<i128> {
    if magnitude.first() == Some(&0) {
        return Err(Malformed("a big integer has leading zeros"));
    }
    if magnitude.len() > 7 {
        return Err(Malformed("a big integer of 2^53 or more must be an integer"));
    }
    let magnitude = magnitude.iter().fold(0_i128, |n, &byte| n << 8 | i128::from(byte));
    let n = if negative { -1 - magnitude } else { magnitude };
    if n.unsigned_abs() >= u128::from(INTEGERS_END) {
        return Err(Malformed("a big integer of 2^53 or more must be an integer"));
    }
    Ok(n)
}

pub(super) fn half_float(bits: u16) -> Result<f64> {
    float(widen_half(bits))
}

pub(super) fn single_float(bits: u32) -> Result<f64> {
    let x = f32::from_bits(bits);
    if to_half(x).is_some() {
        return Err(longer_than_needed());
    }
    float(f64::from(x))
}

pub(super) fn double_float(bits: u64) -> Result<f64> {
    let x = f64::from_bits(bits);
    if to_single(x).is_some() {
        return Err(longer_than_needed());
    }
    float(x)
}

fn float(x: f64) -> Result<f64> {
    if !x.is_finite() {
        return Err(Malformed("a number must be finite"));
    }
    if is_whole(x) {
        return Err(Malformed("a whole number below 2^53 must be an integer"));
    }
    Ok(x)
}

#[cold]
fn longer_than_needed() -> Malformed {
    Malformed("a float is not in its shortest form")
}

/// `x` in single precision, where that is exact.
#[expect(clippy::cast_possible_truncation, reason = "a loss is found by comparing")]
pub fn to_single(x: f64) -> Option<f32> {
    let single = x as f32;
    (f64::from(single).to_bits() == x.to_bits()).then_some(single)
}

/// The bits of `x` in half precision, where that is exact; zeros and infinities are none of its
/// business, as no float of a document is one.
pub fn to_half(x: f32) -> Option<u16> {
    let bits = x.to_bits();
    let sign = bits >> 16 & 0x8000;
    let exponent = bits >> 23 & 0xff;
    let fraction = bits & 0x007f_ffff;
    // Biases: 127 in single precision, 15 in half precision; fractions: 23 and 10 bits.
    let half = match exponent {
        113..=142 if fraction.trailing_zeros() >= 13 => (exponent - 112) << 10 | fraction >> 13,
        103..=112 => {
            let significand = fraction | 0x0080_0000;
            let shift = 126 - exponent;
            if significand.trailing_zeros() < shift {
                return None;
            }
            significand >> shift
        }
        _ => return None,
    };
    u16::try_from(sign | half).ok()
}

fn widen_half(bits: u16) -> f64 {
    let exponent = u64::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x03ff);
    let magnitude = match exponent {
        0 => fraction * power_of_two(1023 - 24),
        31 if fraction > 0.0 => f64::NAN,
        31 => f64::INFINITY,
        _ => (fraction + 1024.0) * power_of_two(1023 - 25 + exponent),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// The double with this biased exponent and no fraction.
fn power_of_two(biased: u64) -> f64 {
    f64::from_bits(biased << 52)
}

/// The milliseconds of a date stored as `seconds`: the one integer in range that divided by 1000
/// gives `seconds`, if there is one.
///
/// Rounding `seconds * 1000` would not find it: beyond 2^42 seconds the product can lie half a
/// millisecond off. It is never further off, so the floor of the product is the integer or one
/// less.
pub fn date_ms(seconds: f64) -> Option<i64> {
    let low = (seconds * SECOND_MS).floor();
    [low, low + 1.0]
        .into_iter()
        .filter(|ms| ms.abs() <= date_ms_max())
        .find(|ms| (ms / SECOND_MS).to_bits() == seconds.to_bits())
        .map(whole)
}

/// What a date of so many milliseconds is stored as, if it is in range.
pub fn date_seconds(ms: i64) -> Option<f64> {
    (ms.unsigned_abs() <= DATE_MS_MAX.unsigned_abs()).then(|| nearest(i128::from(ms)) / SECOND_MS)
}

fn date_ms_max() -> f64 {
    nearest(i128::from(DATE_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_float_comes_back_from_single_precision() {
        for bits in 0..=u16::MAX {
            let x = widen_half(bits);
            if x.is_finite() && x != 0.0 {
                assert_eq!(to_single(x).and_then(to_half), Some(bits), "{bits:04x}");
            }
        }
        assert_eq!(widen_half(0x3e00).to_bits(), 1.5_f64.to_bits());
        assert_eq!(widen_half(0x8001).to_bits(), (-5.960_464_477_539_063e-8_f64).to_bits());
        assert_eq!(to_half(65_504.0), Some(0x7bff));
        assert_eq!(to_half(65_536.0), None);
        assert_eq!(to_half(0.1), None);
    }

    #[test]
    fn every_date_is_found_again_where_rounding_would_miss_it() {
        // The first two lie where the product is half a millisecond off.
        let mut rng = fastrand::Rng::with_seed(1);
        let sliver = 4_398_046_511_104_000..4_503_599_627_370_496_i64;
        let mut missed_by_rounding = 0;
        for _ in 0..100_000 {
            for ms in [rng.i64(sliver.clone()), rng.i64(-DATE_MS_MAX..=DATE_MS_MAX)] {
                for ms in [ms, -ms] {
                    let seconds = date_seconds(ms).unwrap();
                    assert_eq!(date_ms(seconds), Some(ms));
                    missed_by_rounding += u32::from(whole((seconds * SECOND_MS).round()) != ms);
                }
            }
        }
        assert!(missed_by_rounding > 1000, "{missed_by_rounding}");
        for ms in [0, 1, -1, 999, -999, DATE_MS_MAX, -DATE_MS_MAX] {
            assert_eq!(date_ms(date_seconds(ms).unwrap()), Some(ms));
        }
        assert_eq!(date_seconds(DATE_MS_MAX + 1), None);
        assert_eq!(date_seconds(i64::MIN), None);
        for seconds in [8.64e12 + 0.001, 0.0005, f64::MAX, f64::MIN_POSITIVE, 1e18] {
            assert_eq!(date_ms(seconds), None, "{seconds}");
        }
    }
}
