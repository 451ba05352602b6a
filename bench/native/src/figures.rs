//! Values of several rounds, summed up.

/// The median of some rounds, and what lies around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

/// Sums rounds up; there is at least one.
pub fn figures(rounds: &[f64]) -> Figures {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
    let median = f64::midpoint(sorted[sorted.len() / 2], sorted[(sorted.len() - 1) / 2]);
    Figures { median, least, most }
}

/// The figures of `a / b`, round by round: what slows a whole round down does not count.
pub fn ratio(a: &[f64], b: &[f64]) -> Figures {
    let ratios: Vec<f64> = a.iter().zip(b).map(|(a, b)| a / b).collect();
    figures(&ratios)
}

/// Such as `12,300`, `845`, `9.12` or `0.37`: three digits that mean something.
pub fn format(value: f64) -> String {
    let digits = value.abs().max(1e-9).log10().floor() as i32;
    let unit = 10_f64.powi(digits - 2);
    let rounded = (value / unit).round() * unit;
    if rounded >= 100.0 {
        return grouped(rounded.round() as u64);
    }
    let decimals = usize::try_from(2 - digits).unwrap_or(0).min(4);
    let text = format!("{rounded:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// With commas between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_lie_between_the_middle_values() {
        assert_eq!(figures(&[3.0, 1.0, 2.0]), Figures { median: 2.0, least: 1.0, most: 3.0 });
        assert_eq!(figures(&[4.0, 1.0]), Figures { median: 2.5, least: 1.0, most: 4.0 });
        let ratios = Figures { median: 2.0, least: 1.0, most: 3.0 };
        assert_eq!(ratio(&[2.0, 9.0, 4.0], &[1.0, 3.0, 4.0]), ratios);
    }

    #[test]
    fn numbers_have_three_digits_that_mean_something() {
        let shown = [0.0372, 0.4, 1.0, 9.118, 99.96, 845.4, 12_345.0, 1_234_567.0].map(format);
        let expected = ["0.0372", "0.4", "1", "9.12", "100", "845", "12,300", "1,230,000"];
        assert_eq!(shown, expected);
    }
}
