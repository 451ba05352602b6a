//! The check that every document passes before it is stored: one pass, no recursion, no allocation.

use entidb_hot::cbor::{Item, item, key_and_text, text};

use crate::codec::bytes::Reader;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, PATH_BYTES_MAX};

/// The key that no stored document has: its id lives in the key of its entry.
const ID_KEY: &[u8] = b"\x62id";

const _: () = assert!(DOCUMENT_BYTES_MAX < u32::MAX as usize);
const _: () = assert!(DOCUMENT_DEPTH_MAX <= u128::BITS as usize);

/// Checks that `bytes` are one canonical document without `id`.
///
/// What is not canonical is `InvalidInput`, naming the byte and the path; more bytes or levels than
/// a document may have is `LimitExceeded`.
pub fn validate(bytes: &[u8]) -> Result<()> {
    check(bytes, true)
}

/// Checks that `bytes` are one canonical value of any type, with the limits of a document.
pub fn validate_value(bytes: &[u8]) -> Result<()> {
    check(bytes, false)
}

fn check(bytes: &[u8], document: bool) -> Result<()> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        let message = format!(
            "a document has {} bytes, at most {DOCUMENT_BYTES_MAX} are allowed; split it up",
            bytes.len()
        );
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    let mut outer = [CLOSED; DOCUMENT_DEPTH_MAX];
    let mut walk = Walk {
        bytes,
        reader: Reader::new(bytes),
        document,
        start: 0,
        frame: CLOSED,
        maps: 0,
        outer: &mut outer,
        depth: 0,
    };
    walk.run().map_err(|error| walk.describe(&error))
}

/// An array or map that has been entered. It has no padding, so that many are zeroed at once.
#[derive(Clone, Copy)]
struct Frame {
    /// Elements or entries not yet read.
    left: u32,
    /// In an array, the number of elements begun. In a map, where the key of the entry begun
    /// starts, or 0 where there is none: no key starts in front of its map's head.
    at: u32,
}

const CLOSED: Frame = Frame { left: 0, at: 0 };

struct Walk<'a> {
    bytes: &'a [u8],
    reader: Reader<'a>,
    document: bool,
    /// Where the value or key being read starts.
    start: usize,
    /// The innermost frame; `outer` holds those around it, `depth` counts all.
    frame: Frame,
    /// A bit per frame, the lowest for the innermost one: whether it is a map.
    maps: u128,
    outer: &'a mut [Frame; DOCUMENT_DEPTH_MAX],
    depth: usize,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<()> {
        self.value()?;
        if self.document && !(self.depth == 1 && self.is_map()) {
            return Err(Error::decode("a document must be an object"));
        }
        while self.depth > 0 {
            if self.frame.left == 0 {
                self.leave();
                continue;
            }
            self.frame.left -= 1;
            if self.is_map() {
                self.key()?;
            } else {
                self.frame.at += 1;
            }
            self.value()?;
        }
        self.start = self.offset();
        if self.reader.is_empty() { Ok(()) } else { Err(Error::decode("bytes follow its end")) }
    }

    #[inline]
    fn is_map(&self) -> bool {
        self.maps & 1 == 1
    }

    #[inline]
    fn offset(&self) -> usize {
        self.bytes.len() - self.reader.rest().len()
    }

    #[inline]
    fn value(&mut self) -> Result<()> {
        self.start = self.offset();
        match item(&mut self.reader)? {
            Item::Array(n) => self.enter(n, false),
            Item::Map(n) => self.enter(n, true),
            _ => Ok(()),
        }
    }

    #[inline]
    fn enter(&mut self, n: usize, is_map: bool) -> Result<()> {
        let Some(slot) = self.outer.get_mut(self.depth) else {
            let message = format!("more than {DOCUMENT_DEPTH_MAX} levels of arrays and objects");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        };
        *slot = self.frame;
        self.depth += 1;
        self.frame = Frame { left: narrow(n), at: 0 };
        self.maps = self.maps << 1 | u128::from(is_map);
        Ok(())
    }

    #[inline]
    fn leave(&mut self) {
        self.depth -= 1;
        self.maps >>= 1;
        self.frame = self.outer.get(self.depth).copied().unwrap_or(CLOSED);
    }

    /// Reads a key, which must come after the one before it in the same map.
    #[inline]
    fn key(&mut self) -> Result<()> {
        self.start = self.offset();
        let before = std::mem::take(&mut self.frame.at);
        let (key, name) = key_and_text(&mut self.reader)?;
        text(name)?;
        if before > 0 {
            // No encoded key is the start of another, so what follows the key before does not
            // matter unless the two are equal.
            let before = self.bytes.get(before as usize..).unwrap_or_default();
            if before >= key {
                return Err(misplaced(before, key));
            }
        }
        if self.document && self.depth == 1 && key == ID_KEY {
            return Err(Error::decode("a stored document has no property `id`"));
        }
        self.frame.at = narrow(self.start);
        Ok(())
    }

    #[cold]
    fn describe(&self, error: &Error) -> Error {
        let kind = match error.kind() {
            ErrorKind::Corrupt => ErrorKind::InvalidInput,
            kind => kind,
        };
        let path = self.path();
        let place = match &path {
            Some(path) => format!("at byte {}, in `{path}`", self.start),
            None => format!("at byte {}", self.start),
        };
        let message = format!(
            "the value is not canonical {place}: {}; encode it as FORMAT.md says",
            error.message()
        );
        Error::new(kind, message).with(|details| details.path = path)
    }

    /// The path to the value being read, unless it is the outermost or the path is very long.
    fn path(&self) -> Option<String> {
        let mut path = String::new();
        let frames = self.outer.iter().take(self.depth).skip(1).chain([&self.frame]);
        for (frame, inner) in frames.zip((0..self.depth).rev()) {
            let is_map = self.maps >> inner & 1 == 1;
            if frame.at == 0 {
                continue;
            }
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&self.segment(*frame, is_map)?);
            if path.len() > PATH_BYTES_MAX {
                return None;
            }
        }
        (!path.is_empty()).then_some(path)
    }

    fn segment(&self, frame: Frame, is_map: bool) -> Option<String> {
        if !is_map {
            return Some((frame.at - 1).to_string());
        }
        let mut reader = Reader::new(self.bytes.get(frame.at as usize..)?);
        let (_, name) = key_and_text(&mut reader).ok()?;
        text(name).ok().map(ToOwned::to_owned)
    }
}

/// Offsets and counts fit: both are at most the length of a document.
#[inline]
fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cold]
fn misplaced(before: &[u8], key: &[u8]) -> Error {
    if before.starts_with(key) {
        return Error::decode("an object has a property twice");
    }
    Error::decode("the properties of an object are not in canonical order")
}
