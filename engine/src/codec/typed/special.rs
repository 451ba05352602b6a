//! The two types of values that Rust has no type of its own for.

use std::fmt;

use ciborium::tag::Required;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_bytes::ByteBuf;

use crate::codec::cbor;
use crate::codec::value::Value;
use crate::error::Error;

/// What the deserializer of documents recognizes these types by.
pub(super) const DATE: &str = "entidb::Date";
pub(super) const BIG_INT: &str = "entidb::BigInt";

const DATE_TAG: u64 = 1;
const POSITIVE_TAG: u64 = 2;
const NEGATIVE_TAG: u64 = 3;

/// A date in a document: milliseconds since 1970, at most 8.64e15 in magnitude. It is JavaScript's
/// `Date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i64);

/// A big integer in a document, -2^63 <= n < 2^64. It is JavaScript's `bigint`, and differs from a
/// number even where it is small; plain integer fields take either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BigInt(pub i128);

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = cbor::date_seconds(self.0)
            .ok_or_else(|| S::Error::custom("a date must lie within 8.64e15 ms of 1970"))?;
        Required::<f64, DATE_TAG>(seconds).serialize(serializer)
    }
}

impl Serialize for BigInt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 < 0 {
            let magnitude = ByteBuf::from((-1 - self.0).to_be_bytes());
            return Required::<_, NEGATIVE_TAG>(magnitude).serialize(serializer);
        }
        let magnitude = ByteBuf::from(self.0.to_be_bytes());
        Required::<_, POSITIVE_TAG>(magnitude).serialize(serializer)
    }
}

/// The value that one of the tags above stands for.
pub(super) fn untag(tag: u64, content: &ciborium::Value) -> Result<Value, Error> {
    let value = match (tag, content) {
        (DATE_TAG, ciborium::Value::Float(seconds)) => cbor::date_ms(*seconds).map(Value::Date),
        (DATE_TAG, ciborium::Value::Integer(seconds)) => {
            cbor::date_ms(cbor::nearest((*seconds).into())).map(Value::Date)
        }
        (POSITIVE_TAG, ciborium::Value::Bytes(magnitude)) => big(magnitude).map(Value::BigInt),
        (NEGATIVE_TAG, ciborium::Value::Bytes(magnitude)) => {
            big(magnitude).map(|n| Value::BigInt(-1 - n))
        }
        _ => None,
    };
    value.ok_or_else(|| Error::invalid(format!("a value with the tag {tag} cannot be stored")))
}

/// A magnitude, if it is far from overflow; the range of big integers is checked when they are
/// encoded.
fn big(magnitude: &[u8]) -> Option<i128> {
    magnitude.iter().try_fold(0_i128, |n, &byte| n.checked_mul(256)?.checked_add(byte.into()))
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(DATE, Inner("a date")).and_then(|ms| {
            i64::try_from(ms).map(Self).map_err(|_| D::Error::custom("a date is out of range"))
        })
    }
}

impl<'de> Deserialize<'de> for BigInt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(BIG_INT, Inner("a big integer")).map(Self)
    }
}

struct Inner(&'static str);

impl<'de> Visitor<'de> for Inner {
    type Value = i128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<i128, D::Error> {
        i128::deserialize(inner)
    }
}
