//! Ids of documents and their order-preserving encoding; see FORMAT.md, section 2.

use sha2::{Digest, Sha256};

use crate::codec::bytes::{Reader, find_zero, is_plain};
use crate::codec::cbor::{self, INTEGERS_END, Major};
use crate::codec::escape;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::ID_STRING_BYTES_MAX;

const INTEGER: u8 = 1;
const UUID: u8 = 2;
const STRING: u8 = 3;

/// Turns two's complement into an order of unsigned bytes.
const SIGN: u64 = 1 << 63;
/// Bytes of a UUID, packed and spelled out.
const UUID_BYTES: usize = 16;
const UUID_TEXT_BYTES: usize = 36;
/// Where the hyphens of a UUID are, counted in bytes in front of them.
const UUID_HYPHENS: [usize; 4] = [4, 6, 8, 10];
/// SHA-256.
pub const HASH_BYTES: usize = 32;

/// What tells a document from all others of its collection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Id {
    /// A whole number n with |n| < 2^53.
    Int(i64),
    /// 1 to 512 bytes of UTF-8. One that spells a UUID in canonical lower case takes 16 bytes.
    Text(String),
}

impl From<i64> for Id {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Id {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Id {
    /// The bytes of this id in a key. Encoded ids compare bytewise: integers, then UUIDs, then
    /// other strings. An integer beyond the safe range or an empty string is `InvalidInput`, a
    /// string that is too long `LimitExceeded`.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(UUID_TEXT_BYTES);
        match self {
            Self::Int(n) => {
                check_integer(*n)?;
                out.push(INTEGER);
                out.extend_from_slice(&(n.cast_unsigned() ^ SIGN).to_be_bytes());
            }
            Self::Text(text) => {
                check_text(text)?;
                if let Some(uuid) = parse_uuid(text.as_bytes()) {
                    out.push(UUID);
                    out.extend_from_slice(&uuid);
                } else {
                    out.push(STRING);
                    escape::put(&mut out, text.as_bytes());
                }
            }
        }
        Ok(out)
    }

    /// The id that `bytes` encode; they must be exactly one id in the form that [`Id::encode`]
    /// gives it, or they are `InvalidInput`.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let id = match bytes.split_first() {
            Some((&INTEGER, rest)) => <[u8; 8]>::try_from(rest)
                .map(|rest| Self::Int((u64::from_be_bytes(rest) ^ SIGN).cast_signed()))
                .map_err(|_| misshapen())?,
            Some((&UUID, rest)) => <[u8; UUID_BYTES]>::try_from(rest)
                .map(|uuid| Self::Text(spell_uuid(uuid).map(char::from).iter().collect()))
                .map_err(|_| misshapen())?,
            Some((&STRING, rest)) => {
                let text = text_of(rest)?;
                if parse_uuid(text.as_bytes()).is_some() {
                    return Err(misshapen());
                }
                Self::Text(text)
            }
            _ => return Err(misshapen()),
        };
        match &id {
            Self::Int(n) => check_integer(*n)?,
            Self::Text(text) => check_text(text)?,
        }
        Ok(id)
    }
}

/// Checks that `bytes` are exactly one encoded id; see [`Id::decode`].
pub fn check(bytes: &[u8]) -> Result<()> {
    let is_sound = match bytes {
        [UUID, uuid @ ..] => uuid.len() == UUID_BYTES,
        // What is not so plain is taken apart.
        [STRING, text @ .., 0, 0] => {
            let len = text.len();
            (1..=ID_STRING_BYTES_MAX).contains(&len) && len != UUID_TEXT_BYTES && is_plain(text)
        }
        _ => false,
    };
    if is_sound { Ok(()) } else { Id::decode(bytes).map(drop) }
}

/// Splits the encoded id off the front of a key of the store. The id is not checked again.
pub fn split_id(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let len = match bytes.split_first() {
        Some((&INTEGER, _)) => 1 + 8,
        Some((&UUID, _)) => 1 + UUID_BYTES,
        Some((&STRING, rest)) => bytes.len() - escape::split(rest)?.1.len(),
        _ => return Err(Error::decode("an id in a key starts with an unknown byte")),
    };
    bytes.split_at_checked(len).ok_or_else(|| Error::decode("an id in a key is cut off"))
}

/// The text of an encoded id as it lies there; none where it is a number, packed or escaped.
pub fn plain_text(bytes: &[u8]) -> Option<&str> {
    let [STRING, body @ .., 0, 0] = bytes else { return None };
    if find_zero(body).is_some() {
        return None;
    }
    std::str::from_utf8(body).ok()
}

/// SHA-256 of a document with its id in it: of the canonical map that has `id` in its place.
/// `document` is a stored document, without `id`.
pub fn hash(id: &Id, document: &[u8]) -> Result<[u8; HASH_BYTES]> {
    let mut entries = cbor::entries(document)?;
    let mut head = Vec::new();
    cbor::put_head(&mut head, Major::Map, entries.left() as u64 + 1);
    let mut own = cbor::text_key("id");
    let key_len = own.len();
    match id {
        Id::Int(n) => cbor::put_int(&mut own, *n),
        Id::Text(text) => cbor::put_text(&mut own, text),
    }
    let key = own.get(..key_len).unwrap_or_default();

    let all = entries.rest();
    let mut after = all;
    while let Some(entry) = entries.next().transpose()? {
        if entry.key > key {
            break;
        }
        after = entries.rest();
    }
    let before = all.get(..all.len() - after.len()).unwrap_or_default();
    let mut sha = Sha256::new();
    for part in [&head, before, &own, after] {
        sha.update(part);
    }
    Ok(sha.finalize().into())
}

fn check_integer(n: i64) -> Result<()> {
    if n.unsigned_abs() < INTEGERS_END {
        return Ok(());
    }
    Err(Error::invalid(format!("the id {n} is 2^53 or more in magnitude; use a string id")))
}

fn check_text(text: &str) -> Result<()> {
    match text.len() {
        0 => Err(Error::invalid("an id is an empty string; give it at least one character")),
        1..=ID_STRING_BYTES_MAX => Ok(()),
        n => {
            let message = format!(
                "a string id has {n} bytes, at most {ID_STRING_BYTES_MAX} are allowed; shorten it"
            );
            Err(Error::new(ErrorKind::LimitExceeded, message))
        }
    }
}

fn text_of(escaped: &[u8]) -> Result<String> {
    match escape::split(escaped) {
        Ok((body, [])) => String::from_utf8(escape::undo(body)).map_err(|_| misshapen()),
        _ => Err(misshapen()),
    }
}

#[cold]
fn misshapen() -> Error {
    Error::invalid("an encoded id does not have the form of FORMAT.md, section 2; encode it anew")
}

/// The bytes of a UUID spelled in canonical lower case.
fn parse_uuid(text: &[u8]) -> Option<[u8; UUID_BYTES]> {
    if text.len() != UUID_TEXT_BYTES {
        return None;
    }
    let mut reader = Reader::new(text);
    let mut uuid = [0; UUID_BYTES];
    for (i, byte) in uuid.iter_mut().enumerate() {
        if UUID_HYPHENS.contains(&i) && reader.u8().ok()? != b'-' {
            return None;
        }
        let [high, low] = reader.array().ok()?;
        *byte = hex_digit(high)? << 4 | hex_digit(low)?;
    }
    Some(uuid)
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn spell_uuid(uuid: [u8; UUID_BYTES]) -> [u8; UUID_TEXT_BYTES] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| DIGITS.get(usize::from(n)).copied().unwrap_or_default();
    let mut text = [b'-'; UUID_TEXT_BYTES];
    let mut places = text.iter_mut();
    for (i, byte) in uuid.into_iter().enumerate() {
        if UUID_HYPHENS.contains(&i) {
            places.next();
        }
        for (n, place) in [byte >> 4, byte & 0xf].into_iter().zip(&mut places) {
            *place = digit(n);
        }
    }
    text
}
