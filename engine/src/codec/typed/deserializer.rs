//! Reads the types of a program from a [`Value`].
//!
//! A number is both a float and, where it is whole, an integer: which of the two a field asks for
//! is known here only, so that a field of either type takes it.

use serde::de::value::{Error, MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::special::{BIG_INT, DATE};
use crate::codec::cbor;
use crate::codec::value::Value;

type Result<T> = std::result::Result<T, Error>;

impl IntoDeserializer<'_, Error> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Number(x) if cbor::is_whole(x) => visitor.visit_i64(cbor::whole(x)),
            Self::Number(x) => visitor.visit_f64(x),
            Self::BigInt(n) => visit_integer(n, visitor),
            Self::Text(text) => visitor.visit_string(text),
            Self::Bytes(bytes) => visitor.visit_byte_buf(bytes),
            Self::Date(_) => Err(Error::invalid_type(Unexpected::Other("a date"), &visitor)),
            Self::Array(elements) => {
                let mut elements = SeqDeserializer::new(elements.into_iter());
                let value = visitor.visit_seq(&mut elements)?;
                elements.end()?;
                Ok(value)
            }
            Self::Object(properties) => {
                let mut properties = MapDeserializer::new(properties.into_iter());
                let value = visitor.visit_map(&mut properties)?;
                properties.end()?;
                Ok(value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self {
            Self::Null => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        match (name, self) {
            (DATE, Self::Date(ms)) => visitor.visit_newtype_struct(Self::BigInt(ms.into())),
            (BIG_INT, value @ Self::BigInt(_)) => visitor.visit_newtype_struct(value),
            (DATE | BIG_INT, _) => {
                Err(Error::invalid_type(Unexpected::Other("another type"), &visitor))
            }
            (_, value) => visitor.visit_newtype_struct(value),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self {
            Self::Text(variant) => visitor.visit_enum(variant.into_deserializer()),
            Self::Object(variant) if variant.len() == 1 => {
                let entries = MapDeserializer::new(variant.into_iter());
                visitor.visit_enum(MapAccessDeserializer::new(entries))
            }
            _ => Err(Error::custom("an enum is a string, or an object with one property")),
        }
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    /// A date in a document is ignored like anything else.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier
    }
}

fn visit_integer<'de, V: Visitor<'de>>(n: i128, visitor: V) -> Result<V::Value> {
    match (i64::try_from(n), u64::try_from(n)) {
        (Ok(n), _) => visitor.visit_i64(n),
        (_, Ok(n)) => visitor.visit_u64(n),
        _ => visitor.visit_i128(n),
    }
}
