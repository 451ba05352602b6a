//! Reading canonical CBOR, the form of documents and values; see FORMAT.md, section 1.
//!
//! It reads strictly: a head that is not in its shortest form, or a value that has no place in a
//! document, is an error wherever it is met. Only the order of keys is for others to check.

mod number;

pub use number::{
    INTEGERS_END, date_ms, date_seconds, is_whole, nearest, to_half, to_single, unsigned_32, whole,
};

use crate::bytes::Reader;
use crate::{Malformed, Result};

/// The kinds of CBOR values: the upper three bits of every head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Major {
    /// An integer n >= 0; the argument is n.
    Unsigned = 0,
    /// An integer n < 0; the argument is -1 - n.
    Negative = 1,
    /// A byte string; the argument is its length.
    Bytes = 2,
    /// A text string; the argument is its length in bytes.
    Text = 3,
    /// An array; the argument is the number of its elements.
    Array = 4,
    /// A map; the argument is the number of its entries.
    Map = 5,
    /// A tag; the argument says which, and a value follows.
    Tag = 6,
    /// A float, or one of `false`, `true` and `null`.
    Simple = 7,
}

/// The lower five bits of a head, where they are not the argument itself.
pub mod additional {
    /// `false`.
    pub const FALSE: u8 = 20;
    /// `true`.
    pub const TRUE: u8 = 21;
    /// `null`.
    pub const NULL: u8 = 22;
    /// One byte follows.
    pub const BYTES_1: u8 = 24;
    /// Two bytes follow.
    pub const BYTES_2: u8 = 25;
    /// Four bytes follow.
    pub const BYTES_4: u8 = 26;
    /// Eight bytes follow.
    pub const BYTES_8: u8 = 27;
}

impl Major {
    fn of(initial: u8) -> Self {
        match initial >> 5 {
            0 => Self::Unsigned,
            1 => Self::Negative,
            2 => Self::Bytes,
            3 => Self::Text,
            4 => Self::Array,
            5 => Self::Map,
            6 => Self::Tag,
            _ => Self::Simple,
        }
    }
}

/// One value, or the head of an array or map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item<'a> {
    /// `null`.
    Null,
    /// `false` or `true`.
    Bool(bool),
    /// A finite double, never -0.
    Number(f64),
    /// A big integer n with -2^63 <= n < 2^64.
    BigInt(i128),
    /// A text string.
    Text(&'a str),
    /// A byte string.
    Bytes(&'a [u8]),
    /// Milliseconds since 1970.
    Date(i64),
    /// The head of an array: so many elements follow.
    Array(usize),
    /// The head of a map: so many entries follow, each a key and a value.
    Map(usize),
}

/// Reads one value, or the head of an array or map. Fails where the bytes are not canonical; the
/// order of a map's keys is not checked.
#[inline]
pub fn item<'a>(reader: &mut Reader<'a>) -> Result<Item<'a>> {
    let initial = reader.u8()?;
    let info = initial & 0x1f;
    match Major::of(initial) {
        Major::Unsigned => argument(reader, info).map(number::unsigned),
        Major::Negative => number::negative(argument(reader, info)?),
        Major::Bytes => counted(reader, info).map(Item::Bytes),
        Major::Text => text(counted(reader, info)?).map(Item::Text),
        Major::Array => count(reader, info, 1).map(Item::Array),
        Major::Map => count(reader, info, 2).map(Item::Map),
        Major::Tag => tagged(reader, info),
        Major::Simple => simple(reader, info),
    }
}

/// Reads an integer from 0 to 2^64 - 1.
pub fn unsigned(reader: &mut Reader<'_>) -> Result<u64> {
    let initial = reader.u8()?;
    if Major::of(initial) != Major::Unsigned {
        return Err(Malformed("an integer of 0 or more is expected"));
    }
    argument(reader, initial & 0x1f)
}

/// Skips one value with all that is in it, without recursion and in time linear in its bytes.
pub fn skip(reader: &mut Reader<'_>) -> Result<()> {
    let mut pending = 1_usize;
    while pending > 0 {
        pending -= 1;
        let initial = reader.u8()?;
        let info = initial & 0x1f;
        match Major::of(initial) {
            Major::Unsigned | Major::Negative => {
                argument(reader, info)?;
            }
            Major::Bytes | Major::Text => {
                counted(reader, info)?;
            }
            // Every value takes a byte, so the sum of all counts stays far from overflow.
            Major::Array => pending = pending.saturating_add(count(reader, info, 1)?),
            Major::Map => pending = pending.saturating_add(count(reader, info, 2)? * 2),
            Major::Tag => {
                argument(reader, info)?;
                pending = pending.saturating_add(1);
            }
            Major::Simple => {
                simple(reader, info)?;
            }
        }
    }
    Ok(())
}

/// Reads one value with all that is in it, undecoded.
pub fn value<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    let mut end = *reader;
    skip(&mut end)?;
    reader.take(reader.rest().len() - end.rest().len())
}

/// Reads the key of a map's entry: its encoded form, head included. Encoded keys compare bytewise
/// in the order of the map.
#[inline]
pub fn key<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    key_and_text(reader).map(|(key, _)| key)
}

/// Reads the key of a map's entry: its text, not checked to be UTF-8.
#[inline]
pub fn key_text<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    key_and_text(reader).map(|(_, text)| text)
}

/// Reads the key of an entry: its encoded form, and the text in it, not checked to be UTF-8.
#[inline]
pub fn key_and_text<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], &'a [u8])> {
    let mut end = *reader;
    let initial = end.u8()?;
    if Major::of(initial) != Major::Text {
        return Err(Malformed("a key of a map is not a text string"));
    }
    let text = counted(&mut end, initial & 0x1f)?;
    let key = reader.take(reader.rest().len() - end.rest().len())?;
    Ok((key, text))
}

/// Reads the head of an array, if an array comes next; otherwise reads nothing.
pub fn array_head(reader: &mut Reader<'_>) -> Result<Option<usize>> {
    container_head(reader, Major::Array, 1)
}

/// Reads the head of a map, if a map comes next; otherwise reads nothing.
pub fn map_head(reader: &mut Reader<'_>) -> Result<Option<usize>> {
    container_head(reader, Major::Map, 2)
}

fn container_head(reader: &mut Reader<'_>, major: Major, values: usize) -> Result<Option<usize>> {
    let initial = *reader.rest().first().ok_or(Malformed("a value is missing"))?;
    if Major::of(initial) != major {
        return Ok(None);
    }
    reader.u8()?;
    count(reader, initial & 0x1f, values).map(Some)
}

/// An entry of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The key in its encoded form, as [`key`] reads it and [`text_key`] makes it.
    pub key: &'a [u8],
    /// The value, undecoded.
    pub value: &'a [u8],
}

/// The entries of a map in canonical order; made by [`entries`].
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    reader: Reader<'a>,
    left: usize,
}

/// The entries of a map that is the whole of `map`.
pub fn entries(map: &[u8]) -> Result<Entries<'_>> {
    let mut reader = Reader::new(map);
    let left = map_head(&mut reader)?.ok_or(Malformed("a map is expected"))?;
    Ok(Entries { reader, left })
}

impl<'a> Entries<'a> {
    /// Number of entries not yet read.
    pub fn left(&self) -> usize {
        self.left
    }

    /// The bytes of the entries not yet read.
    pub fn rest(&self) -> &'a [u8] {
        self.reader.rest()
    }

    fn entry(&mut self) -> Result<Entry<'a>> {
        Ok(Entry { key: key(&mut self.reader)?, value: value(&mut self.reader)? })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let entry = self.entry();
        if entry.is_err() {
            self.left = 0;
        }
        Some(entry)
    }
}

/// The argument of a head: a length, a count, a tag or the value of an integer.
#[inline]
fn argument(reader: &mut Reader<'_>, info: u8) -> Result<u64> {
    if info < additional::BYTES_1 { Ok(u64::from(info)) } else { long_argument(reader, info) }
}

fn long_argument(reader: &mut Reader<'_>, info: u8) -> Result<u64> {
    let (n, least) = match info {
        additional::BYTES_1 => (u64::from(reader.u8()?), 24),
        additional::BYTES_2 => (u64::from(u16::from_be_bytes(reader.array()?)), 1 << 8),
        additional::BYTES_4 => (u64::from(u32::from_be_bytes(reader.array()?)), 1 << 16),
        additional::BYTES_8 => (u64::from_be_bytes(reader.array()?), 1 << 32),
        _ => return Err(Malformed("a length is indefinite or reserved")),
    };
    if n < least {
        return Err(Malformed("a head is not in its shortest form"));
    }
    Ok(n)
}

/// As many bytes as the head says.
#[inline]
fn counted<'a>(reader: &mut Reader<'a>, info: u8) -> Result<&'a [u8]> {
    let n = argument(reader, info)?;
    reader.take(usize::try_from(n).unwrap_or(usize::MAX))
}

/// A number of elements or entries of at least `values` bytes each; what cannot be there is refused
/// at once, so that a count is safe to calculate with and to reserve memory by.
#[inline]
fn count(reader: &mut Reader<'_>, info: u8, values: usize) -> Result<usize> {
    let n = usize::try_from(argument(reader, info)?).unwrap_or(usize::MAX);
    if n > reader.rest().len() / values {
        return Err(Malformed("an array or map ends too early"));
    }
    Ok(n)
}

/// Bytes as the text that they must be.
#[inline]
pub fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| Malformed("a text string is not UTF-8"))
}

fn simple<'a>(reader: &mut Reader<'a>, info: u8) -> Result<Item<'a>> {
    match info {
        additional::FALSE => Ok(Item::Bool(false)),
        additional::TRUE => Ok(Item::Bool(true)),
        additional::NULL => Ok(Item::Null),
        additional::BYTES_2 => {
            number::half_float(u16::from_be_bytes(reader.array()?)).map(Item::Number)
        }
        additional::BYTES_4 => {
            number::single_float(u32::from_be_bytes(reader.array()?)).map(Item::Number)
        }
        additional::BYTES_8 => {
            number::double_float(u64::from_be_bytes(reader.array()?)).map(Item::Number)
        }
        _ => Err(Malformed("`undefined` and other simple values cannot be stored")),
    }
}

fn tagged<'a>(reader: &mut Reader<'a>, info: u8) -> Result<Item<'a>> {
    let tag = argument(reader, info)?;
    // The value below a tag is never a tag, so this goes one level deep at most.
    if reader.rest().first().is_some_and(|&next| Major::of(next) == Major::Tag) {
        return Err(Malformed("a tag is on a tag"));
    }
    match (tag, item(reader)?) {
        (1, Item::Number(seconds)) => date_ms(seconds)
            .map(Item::Date)
            .ok_or(Malformed("a date is not a whole number of milliseconds in range")),
        (2, Item::Bytes(magnitude)) => number::bignum(magnitude, false).map(Item::BigInt),
        (3, Item::Bytes(magnitude)) => number::bignum(magnitude, true).map(Item::BigInt),
        (1..=3, _) => Err(Malformed("a tag is on a value that it does not fit")),
        _ => Err(Malformed("a tag other than 1, 2 and 3 cannot be stored")),
    }
}
