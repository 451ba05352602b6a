//! An owned value of any type that a document can hold.

use std::collections::BTreeMap;

use crate::codec::bytes::Reader;
use crate::codec::cbor::{self, Item, Major};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX};

/// A value of any type that a document can hold, and, as [`Value::Object`], a document.
///
/// ```
/// use entidb::codec::value::Value;
/// let tags = Value::Array(vec![Value::from("a"), Value::from(1.5)]);
/// assert_eq!(Value::decode(&tags.encode()?)?, tags);
/// # Ok::<(), entidb::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `false` or `true`.
    Bool(bool),
    /// A finite double. -0 is stored as 0.
    Number(f64),
    /// A big integer n with -2^63 <= n < 2^64. It stays one even where a number would be exact.
    BigInt(i128),
    /// A text string.
    Text(String),
    /// A byte string.
    Bytes(Vec<u8>),
    /// Milliseconds since 1970, at most 8.64e15 in magnitude.
    Date(i64),
    /// Values in a row.
    Array(Vec<Value>),
    /// Values by name. The order of names here is not that of the encoded form.
    Object(BTreeMap<String, Value>),
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Self {
        Self::Array(value)
    }
}

impl From<BTreeMap<String, Value>> for Value {
    fn from(value: BTreeMap<String, Value>) -> Self {
        Self::Object(value)
    }
}

impl Value {
    /// The canonical bytes of this value. NaN, an infinity, a big integer or a date out of range is
    /// `InvalidInput` with its path; too many levels or bytes are `LimitExceeded`.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        self.put(&mut out, 0)?;
        if out.len() > DOCUMENT_BYTES_MAX {
            let message = format!(
                "a value has {} bytes, at most {DOCUMENT_BYTES_MAX} are allowed; split it up",
                out.len()
            );
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        Ok(out)
    }

    /// The value that `bytes` are the canonical form of; other bytes are refused as by
    /// [`cbor::validate_value`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        // The check bounds the levels, and with them the recursion.
        cbor::validate_value(bytes)?;
        read(&mut Reader::new(bytes))
    }

    fn put(&self, out: &mut Vec<u8>, levels: usize) -> Result<()> {
        match self {
            Self::Null => cbor::put_null(out),
            Self::Bool(value) => cbor::put_bool(out, *value),
            Self::Number(x) => cbor::put_number(out, *x)?,
            Self::BigInt(n) => cbor::put_big(out, *n)?,
            Self::Text(text) => cbor::put_text(out, text),
            Self::Bytes(bytes) => cbor::put_bytes(out, bytes),
            Self::Date(ms) => cbor::put_date(out, *ms)?,
            Self::Array(elements) => {
                check_levels(levels)?;
                cbor::put_head(out, Major::Array, elements.len() as u64);
                for (i, element) in elements.iter().enumerate() {
                    element.put(out, levels + 1).map_err(|error| inside(error, &i.to_string()))?;
                }
            }
            Self::Object(properties) => {
                check_levels(levels)?;
                cbor::put_head(out, Major::Map, properties.len() as u64);
                let mut sorted: Vec<_> = properties.iter().collect();
                sorted.sort_unstable_by_key(|&(name, _)| (name.len(), name));
                for (name, value) in sorted {
                    cbor::put_text(out, name);
                    value.put(out, levels + 1).map_err(|error| inside(error, name))?;
                }
            }
        }
        Ok(())
    }
}

fn read(reader: &mut Reader<'_>) -> Result<Value> {
    Ok(match cbor::item(reader)? {
        Item::Null => Value::Null,
        Item::Bool(value) => Value::Bool(value),
        Item::Number(x) => Value::Number(x),
        Item::BigInt(n) => Value::BigInt(n),
        Item::Text(text) => Value::Text(text.to_owned()),
        Item::Bytes(bytes) => Value::Bytes(bytes.to_owned()),
        Item::Date(ms) => Value::Date(ms),
        Item::Array(count) => {
            Value::Array((0..count).map(|_| read(reader)).collect::<Result<_>>()?)
        }
        Item::Map(count) => {
            let property = |_| match cbor::item(reader)? {
                Item::Text(name) => Ok((name.to_owned(), read(reader)?)),
                _ => Err(Error::decode("a key of a map is not a text string")),
            };
            Value::Object((0..count).map(property).collect::<Result<_>>()?)
        }
    })
}

fn check_levels(levels: usize) -> Result<()> {
    if levels < DOCUMENT_DEPTH_MAX {
        return Ok(());
    }
    let message = format!(
        "a value has more than {DOCUMENT_DEPTH_MAX} levels of arrays and objects; flatten it"
    );
    Err(Error::new(ErrorKind::LimitExceeded, message))
}

/// Says that `error` happened inside of the property or element `name`.
#[cold]
fn inside(error: Error, name: &str) -> Error {
    error.with(|details| {
        details.path = Some(match details.path.take() {
            Some(inner) => format!("{name}.{inner}"),
            None => name.to_owned(),
        });
    })
}
