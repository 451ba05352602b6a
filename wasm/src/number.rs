//! Numbers across the boundary: JavaScript's are doubles, exact up to 2^53.

use entidb::{Error, ErrorKind, Result};

/// The largest whole number below which every whole number is a double.
pub const WHOLE_MAX: u64 = (1 << 53) - 1;

/// A size, count, time or budget that JavaScript gave, without its fraction.
///
/// # Errors
/// `InvalidInput` for anything else.
pub fn whole(number: f64, what: &str) -> Result<u64> {
    checked(number)
        .ok_or_else(|| Error::invalid(format!("{what} must be a number from 0 to 2^53 - 1")))
}

/// A size that the platform gave.
///
/// # Errors
/// `Io` where it is none.
pub fn size_from_js(size: f64) -> Result<u64> {
    checked(size).ok_or_else(|| {
        let message = "the storage answered with something else than a size; open it again";
        Error::new(ErrorKind::Io, message)
    })
}

/// An offset or length for the platform.
///
/// # Errors
/// `Io` above 2^53, where no file reaches.
pub fn offset_to_js(offset: u64) -> Result<f64> {
    if offset > WHOLE_MAX {
        let message = format!("no file reaches byte {offset}; restore a backup of the database");
        return Err(Error::new(ErrorKind::Io, message));
    }
    Ok(exact(offset))
}

fn checked(number: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked, and the fraction is to be dropped"
    )]
    (0.0..9_007_199_254_740_992.0).contains(&number).then_some(number as u64)
}

/// A number that is known to be below 2^53: sequence numbers, counts and sizes are.
pub fn exact(number: u64) -> f64 {
    debug_assert!(number <= WHOLE_MAX, "{number} is not exact as a double");
    #[expect(clippy::cast_precision_loss, reason = "below 2^53 nothing is lost")]
    let exact = number as f64;
    exact
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_are_exact_cross() {
        for bad in [f64::NAN, -1.0, f64::INFINITY, f64::NEG_INFINITY, 9_007_199_254_740_992.0] {
            assert!(whole(bad, "a test").is_err(), "{bad}");
        }
        for good in [0, 1, u64::from(u32::MAX) + 1, WHOLE_MAX] {
            assert_eq!(whole(offset_to_js(good).unwrap(), "a test").unwrap(), good);
        }
        assert_eq!(whole(12.75, "a test").unwrap(), 12);
        assert!(offset_to_js(WHOLE_MAX + 1).is_err());
    }
}
