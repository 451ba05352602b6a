//! The order of values as `api.md` words it, written down a second time.

use std::cmp::Ordering;

use entidb::codec::value::Value;

/// A value of an index; `None` is missing.
pub type Slot = Option<Value>;

/// What counts as missing does.
pub fn slot(value: Option<&Value>) -> Slot {
    value.filter(|value| !matches!(value, Value::Object(_))).cloned()
}

fn rank(slot: Option<&Value>) -> u8 {
    match slot {
        None | Some(Value::Object(_)) => 0,
        Some(Value::Null) => 1,
        Some(Value::Bool(false)) => 2,
        Some(Value::Bool(true)) => 3,
        Some(Value::Number(_) | Value::BigInt(_)) => 4,
        Some(Value::Text(_)) => 5,
        Some(Value::Bytes(_)) => 6,
        Some(Value::Date(_)) => 7,
        Some(Value::Array(_)) => 8,
    }
}

pub fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
        (Some(Value::Text(a)), Some(Value::Text(b))) => a.chars().cmp(b.chars()),
        (Some(Value::Bytes(a)), Some(Value::Bytes(b))) => a.cmp(b),
        (Some(Value::Date(a)), Some(Value::Date(b))) => a.cmp(b),
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            let pairs = a.iter().zip(b).map(|(a, b)| compare(Some(a), Some(b)));
            pairs.into_iter().find(|o| o.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Some(a), Some(b)) if rank(Some(a)) == 4 => number(a).cmp(&number(b)),
        _ => Ordering::Equal,
    })
}

/// The whole part of a number and the bits of its positive fraction, which order it exactly.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn number(value: &Value) -> (i128, u64) {
    match value {
        Value::BigInt(n) => (*n, 0),
        Value::Number(x) if x.abs() > 1e37 => (if *x > 0.0 { i128::MAX } else { i128::MIN }, {
            // Beyond whole i128s doubles are ordered by their bits.
            if *x > 0.0 { x.to_bits() } else { !x.to_bits() }
        }),
        Value::Number(x) => (x.floor() as i128, (x - x.floor()).to_bits()),
        _ => unreachable!("only numbers come here"),
    }
}

pub fn compare_tuples(a: &[Slot], b: &[Slot]) -> Ordering {
    let pairs = a.iter().zip(b).map(|(a, b)| compare(a.as_ref(), b.as_ref()));
    pairs.into_iter().find(|o| o.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
}
