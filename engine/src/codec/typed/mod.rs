//! The bridge between documents and the types of a Rust program that implement serde's traits.
//!
//! A type maps to a document as it would to JSON, with these differences: byte strings are bytes
//! (use `serde_bytes`), [`Date`] and [`BigInt`] are dates and big integers, integers of 2^53 and
//! more are big integers, and the keys of maps are strings only. `None` is stored as null unless
//! the field is skipped.

mod deserializer;
mod special;

pub use special::{BigInt, Date};

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::cbor;
use crate::codec::id::Id;
use crate::codec::value::Value;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::DOCUMENT_DEPTH_MAX;

/// The property that holds the id in a type.
const ID: &str = "id";

/// The document that `object` maps to, and the id taken out of it, if its `id` is there and not
/// null. What no document can hold is `InvalidInput`, too many bytes or levels `LimitExceeded`.
pub fn to_document<T: Serialize>(object: &T) -> Result<(Option<Id>, Vec<u8>)> {
    let tree = ciborium::Value::serialized(object)
        .map_err(|error| Error::invalid(format!("the document cannot be serialized: {error}")))?;
    let Value::Object(mut properties) = convert(tree, 0)? else {
        return Err(Error::invalid("a document must be an object; store a struct or a map"));
    };
    let id = match properties.remove(ID) {
        None | Some(Value::Null) => None,
        Some(Value::Text(text)) => Some(Id::Text(text)),
        Some(Value::Number(x)) if cbor::is_whole(x) => Some(Id::Int(cbor::whole(x))),
        Some(_) => {
            return Err(Error::invalid("an id must be a string or an integer below 2^53"));
        }
    };
    Ok((id, Value::Object(properties).encode()?))
}

/// The object that a stored document and its id map to. A document that does not fit the type is
/// `InvalidInput`, one that is damaged `Corrupt`.
pub fn from_document<T: DeserializeOwned>(id: &Id, document: &[u8]) -> Result<T> {
    let Value::Object(mut properties) =
        Value::decode(document).map_err(|error| Error::decode(error.message()))?
    else {
        return Err(Error::decode("a stored document is not an object"));
    };
    let id = match id {
        Id::Int(n) => Value::Number(cbor::nearest(i128::from(*n))),
        Id::Text(text) => Value::Text(text.clone()),
    };
    properties.insert(ID.to_owned(), id);
    T::deserialize(Value::Object(properties)).map_err(|error: serde::de::value::Error| {
        Error::invalid(format!("the document does not fit the type that is asked for: {error}"))
    })
}

fn convert(tree: ciborium::Value, levels: usize) -> Result<Value> {
    if levels > DOCUMENT_DEPTH_MAX {
        let message = format!(
            "a document has more than {DOCUMENT_DEPTH_MAX} levels of arrays and objects; flatten it"
        );
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    Ok(match tree {
        ciborium::Value::Null => Value::Null,
        ciborium::Value::Bool(value) => Value::Bool(value),
        ciborium::Value::Integer(n) => integer(n.into()),
        ciborium::Value::Float(x) => Value::Number(x),
        ciborium::Value::Text(text) => Value::Text(text),
        ciborium::Value::Bytes(bytes) => Value::Bytes(bytes),
        ciborium::Value::Tag(tag, content) => special::untag(tag, &content)?,
        ciborium::Value::Array(elements) => {
            let elements = elements.into_iter().map(|element| convert(element, levels + 1));
            Value::Array(elements.collect::<Result<_>>()?)
        }
        ciborium::Value::Map(entries) => {
            let mut properties = BTreeMap::new();
            for (name, value) in entries {
                let ciborium::Value::Text(name) = name else {
                    return Err(Error::invalid("the keys of a map must be strings"));
                };
                let value = convert(value, levels + 1)?;
                if properties.contains_key(&name) {
                    let message = format!("an object has the property `{name}` twice");
                    return Err(Error::invalid(message));
                }
                properties.insert(name, value);
            }
            Value::Object(properties)
        }
        _ => return Err(Error::invalid("a document holds a value of an unknown type")),
    })
}

fn integer(n: i128) -> Value {
    if n.unsigned_abs() < u128::from(cbor::INTEGERS_END) {
        return Value::Number(cbor::nearest(n));
    }
    Value::BigInt(n)
}
