//! Values and ids out of the bytes of a fuzzer, and the order that keys must have.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Result, Unstructured};
use entidb::codec::id::Id;
use entidb::codec::value::Value;

const LEVELS_MAX: usize = 6;
const ELEMENTS_MAX: usize = 8;
const DATE_MAX: i64 = 8_640_000_000_000_000;
const BIG_MIN: i128 = -(1 << 63);
const BIG_MAX: i128 = (1 << 64) - 1;
const INTEGERS_END: i64 = 1 << 53;

/// A value that can be stored.
#[derive(Clone, Debug)]
pub struct AnyValue(pub Value);

impl<'a> Arbitrary<'a> for AnyValue {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        value(u, LEVELS_MAX).map(Self)
    }
}

/// An object that can be stored as a document.
#[derive(Clone, Debug)]
pub struct AnyDocument(pub BTreeMap<String, Value>);

impl<'a> Arbitrary<'a> for AnyDocument {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut properties = object(u, LEVELS_MAX)?;
        properties.remove("id");
        Ok(Self(properties))
    }
}

impl AnyDocument {
    /// Its canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        Value::Object(self.0.clone()).encode().expect("a value that can be stored")
    }
}

/// An id that can be stored.
#[derive(Clone, Debug)]
pub struct AnyId(pub Id);

impl<'a> Arbitrary<'a> for AnyId {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self(match u.int_in_range(0..=3)? {
            0 => Id::Int(u.arbitrary::<i8>()?.into()),
            1 => Id::Int(u.int_in_range(1 - INTEGERS_END..=INTEGERS_END - 1)?),
            2 => {
                let hex: String = u.arbitrary::<[u8; 16]>()?.map(|b| format!("{b:02x}")).concat();
                let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
                Id::Text(parts.join("-"))
            }
            _ => {
                let text: &str = u.arbitrary()?;
                let end = text.char_indices().map(|(at, c)| at + c.len_utf8());
                let end = end.take_while(|end| *end <= 512).last().unwrap_or(0);
                Id::Text(if end == 0 { "empty".to_owned() } else { text[..end].to_owned() })
            }
        }))
    }
}

fn value(u: &mut Unstructured<'_>, levels: usize) -> Result<Value> {
    let kinds = if levels > 0 { 10 } else { 8 };
    Ok(match u.int_in_range(0..=kinds)? {
        0 => Value::Null,
        1 => Value::Bool(u.arbitrary()?),
        2 => Value::Number(u.arbitrary::<i16>()?.into()),
        // Without the sign of a zero, which is not stored.
        3 => Value::Number(
            Some(u.arbitrary::<f64>()?).filter(|x| x.is_finite()).unwrap_or(0.5) + 0.0,
        ),
        4 => {
            let n = i128::from(u.arbitrary::<i64>()?) * i128::from(u.int_in_range(1..=3_u8)?);
            Value::BigInt(n.clamp(BIG_MIN, BIG_MAX))
        }
        // Near where numbers begin to be apart.
        5 => Value::BigInt(i128::from(INTEGERS_END) + i128::from(u.arbitrary::<i8>()?)),
        6 => Value::Text(u.arbitrary::<&str>()?.to_owned()),
        7 => Value::Bytes(u.arbitrary::<&[u8]>()?.to_owned()),
        8 => Value::Date(u.int_in_range(-DATE_MAX..=DATE_MAX)?),
        9 => {
            let count = u.int_in_range(0..=ELEMENTS_MAX)?;
            Value::Array((0..count).map(|_| value(u, levels - 1)).collect::<Result<_>>()?)
        }
        _ => Value::Object(object(u, levels - 1)?),
    })
}

fn object(u: &mut Unstructured<'_>, levels: usize) -> Result<BTreeMap<String, Value>> {
    let count = u.int_in_range(0..=ELEMENTS_MAX)?;
    (0..count)
        .map(|_| {
            let name = match u.int_in_range(0..=3)? {
                0 => u.arbitrary::<&str>()?.to_owned(),
                n => ["a", "b", "id"][n - 1].to_owned(),
            };
            Ok((name, value(u, levels)?))
        })
        .collect()
}

/// The order of values in an index, told from the values themselves.
pub fn order(a: &Value, b: &Value) -> Ordering {
    rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let differing = a.iter().zip(b).map(|(a, b)| order(a, b)).find(|o| o.is_ne());
            differing.unwrap_or(a.len().cmp(&b.len()))
        }
        (Value::Number(a), Value::Number(b)) => a.total_cmp(&(b + 0.0)),
        (Value::BigInt(a), Value::BigInt(b)) => a.cmp(b),
        (Value::Number(a), Value::BigInt(b)) => mixed(*a, *b),
        (Value::BigInt(a), Value::Number(b)) => mixed(*b, *a).reverse(),
        _ => Ordering::Equal,
    })
}

/// A number against a big integer, without rounding either.
#[expect(clippy::cast_possible_truncation, reason = "it is below 2^65 in magnitude, and whole")]
fn mixed(x: f64, n: i128) -> Ordering {
    let limit = 2_f64.powi(65);
    if x.abs() >= limit {
        return if x > 0.0 { Ordering::Greater } else { Ordering::Less };
    }
    let whole = x.floor();
    (whole as i128).cmp(&n).then(if x > whole { Ordering::Greater } else { Ordering::Equal })
}

fn rank(value: &Value) -> u8 {
    match value {
        // An object where a value should be counts as missing.
        Value::Object(_) => 0,
        Value::Null => 1,
        Value::Bool(false) => 2,
        Value::Bool(true) => 3,
        Value::Number(_) | Value::BigInt(_) => 4,
        Value::Text(_) => 5,
        Value::Bytes(_) => 6,
        Value::Date(_) => 7,
        Value::Array(_) => 8,
    }
}
