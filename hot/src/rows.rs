//! Documents on their way out, in the form that JavaScript makes objects of in the least time.
//!
//! There a piece of a string that is at hand costs next to nothing, and a string made of bytes a
//! lot. So the text of some documents comes as one, apart from what says how long each piece is;
//! and keys are named by number, as most documents have those of the one before.
//!
//! ```text
//! rows     = block*
//! block    = keys varint | tokens varint | ascii varint | other varint, the lengths of what
//!            follows: | key* | token* | ASCII text | other text, as UTF-8
//! key      = text slice
//! row      = id value, where ids were asked for | document, where documents were asked for
//! document = 0 where there is none | entries + 1 varint | entry*
//! entry    = key number varint | value
//! value    = 00 to 3F                   ASCII text of that length
//!          | 40 length varint           longer ASCII text
//!          | 41 length varint           other text; its length in UTF-16 units
//!          | 42 | 43 | 44               null, false, true
//!          | 45 u32                     a whole number
//!          | 46 f64                     any other number
//!          | 47 f64                     a date, in milliseconds since 1970
//!          | 48 u64 | 49 u64            the big integers n and -1 - n
//!          | 4A bytes slice
//!          | 4B count varint value*     an array
//!          | 4C entries varint entry*   an object
//!          | 80 to FF                   the whole numbers from 0 to 127
//! ```
//!
//! A row lies in one block. Blocks are small, because whoever keeps one piece of a string may keep
//! all of it in memory.

mod keys;
#[cfg(test)]
mod tests;

use crate::bytes::{Reader, put_slice, put_varint, varint_len};
use crate::cbor::{self, Item};
use crate::{Malformed, Result};
use keys::{Keys, ROOT};

/// Levels of arrays and objects in a document.
pub const DEPTH_MAX: usize = 128;

/// A block ends with the row that brings its text to this length.
const TEXT_BYTES: usize = 4096;

/// Shorter ASCII text is its own token.
const TEXT: u8 = 0x40;
const TEXT_OTHER: u8 = 0x41;
const NULL: u8 = 0x42;
const FALSE: u8 = 0x43;
const TRUE: u8 = 0x44;
const WHOLE: u8 = 0x45;
const NUMBER: u8 = 0x46;
const DATE: u8 = 0x47;
const BIG: u8 = 0x48;
const BIG_NEGATIVE: u8 = 0x49;
const BYTES: u8 = 0x4a;
const ARRAY: u8 = 0x4b;
const OBJECT: u8 = 0x4c;
const SMALL: u8 = 0x80;

/// Rows that are being written. Its memory serves one answer after the other.
#[derive(Debug, Default)]
pub struct Rows {
    /// The answer up to the last finished block.
    done: Vec<u8>,
    keys: Keys,
    tokens: Vec<u8>,
    ascii: Vec<u8>,
    other: Vec<u8>,
    open: Vec<Open>,
}

/// An array or object whose values are being written.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Values still to come.
    left: usize,
    /// The key that it is the value of.
    owner: u32,
    /// Of an object, the key before the next one; at first the owner.
    last: Option<u32>,
    is_object: bool,
}

impl Rows {
    /// Bytes of the answer so far, at least.
    pub fn bytes(&self) -> usize {
        self.done.len() + self.tokens.len() + self.text_bytes()
    }

    /// Begins an answer; what was written before is forgotten.
    pub fn begin(&mut self) {
        self.done.clear();
        self.clear_block();
    }

    /// The answer, with `head` before it.
    pub fn finish(&mut self, head: &[u8]) -> Vec<u8> {
        if !self.tokens.is_empty() {
            self.end_block();
        }
        let mut answer = std::mem::take(&mut self.done);
        if head.is_empty() {
            return answer;
        }
        let len = answer.len();
        answer.extend_from_slice(head);
        answer.copy_within(..len, head.len());
        if let Some(front) = answer.get_mut(..head.len()) {
            front.copy_from_slice(head);
        }
        answer
    }

    /// Writes that there is no document.
    pub fn absent(&mut self) {
        self.tokens.push(0);
    }

    /// Ends a row.
    pub fn end_row(&mut self) {
        self.keys.end_row();
        if self.text_bytes() >= TEXT_BYTES {
            self.end_block();
        }
    }

    fn text_bytes(&self) -> usize {
        self.keys.encoded().len() + self.ascii.len() + self.other.len()
    }

    fn end_block(&mut self) {
        let parts = [self.keys.encoded(), &self.tokens, &self.ascii, &self.other];
        self.done.reserve(parts.iter().map(|part| part.len() + varint_len(u64::MAX)).sum());
        for part in parts {
            put_varint(&mut self.done, part.len() as u64);
        }
        for part in parts {
            self.done.extend_from_slice(part);
        }
        self.clear_block();
    }

    fn clear_block(&mut self) {
        self.keys.clear();
        self.tokens.clear();
        self.ascii.clear();
        self.other.clear();
    }

    /// Writes a document. After an error the answer must be begun anew.
    pub fn document(&mut self, document: &[u8]) -> Result<()> {
        let mut reader = Reader::new(document);
        let entries = cbor::map_head(&mut reader)?.ok_or(Malformed("no map"))?;
        put_varint(&mut self.tokens, entries as u64 + 1);
        self.open.clear();
        self.open.push(Open { left: entries, owner: ROOT, last: None, is_object: true });
        while let Some(open) = self.open.last_mut() {
            let Some(left) = open.left.checked_sub(1) else {
                self.open.pop();
                continue;
            };
            open.left = left;
            let mut owner = open.owner;
            if open.is_object {
                let text = cbor::key_text(&mut reader)?;
                owner = self.keys.follow(open.owner, open.last, text)?;
                open.last = Some(owner);
                put_varint(&mut self.tokens, u64::from(Keys::number(owner)));
                if self.keys.is_id(owner) && self.open.len() == 1 {
                    return Err(Malformed("a stored document has its id in it"));
                }
            }
            let item = cbor::item(&mut reader)?;
            self.put_item(item, owner)?;
        }
        if reader.is_empty() { Ok(()) } else { Err(Malformed("a document goes on")) }
    }

    fn put_item(&mut self, item: Item<'_>, owner: u32) -> Result<()> {
        match item {
            Item::Null => self.tokens.push(NULL),
            Item::Bool(value) => self.tokens.push(if value { TRUE } else { FALSE }),
            Item::Number(x) => self.number(x),
            Item::BigInt(n) => self.put_big(n),
            Item::Text(text) => self.text(text),
            Item::Bytes(bytes) => {
                self.tokens.push(BYTES);
                put_slice(&mut self.tokens, bytes);
            }
            Item::Date(ms) => self.put_float(DATE, cbor::nearest(ms.into())),
            Item::Array(count) => self.open(ARRAY, count, owner)?,
            Item::Map(entries) => self.open(OBJECT, entries, owner)?,
        }
        Ok(())
    }

    fn open(&mut self, token: u8, values: usize, owner: u32) -> Result<()> {
        if self.open.len() >= DEPTH_MAX {
            return Err(Malformed("a document is too deep"));
        }
        self.tokens.push(token);
        put_varint(&mut self.tokens, values as u64);
        let is_object = token == OBJECT;
        self.open.push(Open { left: values, owner, last: None, is_object });
        Ok(())
    }

    /// Writes text.
    #[inline(never)]
    pub fn text(&mut self, text: &str) {
        if !text.is_ascii() {
            self.tokens.push(TEXT_OTHER);
            put_varint(&mut self.tokens, text.chars().map(char::len_utf16).sum::<usize>() as u64);
            self.other.extend_from_slice(text.as_bytes());
            return;
        }
        self.put_ascii(text.as_bytes());
    }

    fn put_ascii(&mut self, text: &[u8]) {
        if let Ok(length @ ..TEXT) = u8::try_from(text.len()) {
            self.tokens.push(length);
        } else {
            self.tokens.push(TEXT);
            put_varint(&mut self.tokens, text.len() as u64);
        }
        self.ascii.extend_from_slice(text);
    }

    /// Writes a number.
    pub fn number(&mut self, x: f64) {
        match cbor::unsigned_32(x) {
            Some(n @ 0..0x80) => self.tokens.push(SMALL | n.to_le_bytes()[0]),
            Some(n) => {
                self.tokens.push(WHOLE);
                self.tokens.extend_from_slice(&n.to_le_bytes());
            }
            None => self.put_float(NUMBER, x),
        }
    }

    fn put_float(&mut self, token: u8, x: f64) {
        self.tokens.push(token);
        self.tokens.extend_from_slice(&x.to_le_bytes());
    }

    fn put_big(&mut self, n: i128) {
        let (token, magnitude) = if n < 0 { (BIG_NEGATIVE, -1 - n) } else { (BIG, n) };
        self.tokens.push(token);
        // Of a stored integer the upper half is nothing but zeros.
        let bytes = magnitude.to_le_bytes();
        self.tokens.extend_from_slice(bytes.first_chunk::<8>().unwrap_or(&[0; 8]));
    }
}
