//! The shallow merge of a patch into a document, entry by entry, without decoding a value.

use std::cmp::Ordering;
use std::iter::Peekable;

use crate::codec::cbor::{self, Entries, Entry, Major};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::DOCUMENT_BYTES_MAX;

/// Longest head of a map.
const HEAD_BYTES_MAX: usize = 9;

/// The document with the properties named in `deleted` taken out, and then those of `patch` put in
/// place of its own. `document` and `patch` are canonical maps; so is the result, which is
/// `LimitExceeded` where it is too large.
pub fn apply(document: &[u8], patch: &[u8], deleted: &[&str]) -> Result<Vec<u8>> {
    let mut deleted: Vec<_> = deleted.iter().map(|name| cbor::text_key(name)).collect();
    deleted.sort_unstable();
    let mut deleted = deleted.iter().map(Vec::as_slice).peekable();
    let mut kept = cbor::entries(document)?.peekable();
    let mut patched = cbor::entries(patch)?.peekable();

    let mut body = Vec::with_capacity(document.len() + patch.len());
    let mut count = 0_u64;
    while let Some((entry, is_new)) = next(&mut kept, &mut patched)? {
        while deleted.next_if(|&name| name < entry.key).is_some() {}
        if is_new || deleted.peek() != Some(&entry.key) {
            body.extend_from_slice(entry.key);
            body.extend_from_slice(entry.value);
            count += 1;
        }
    }
    let mut merged = Vec::with_capacity(HEAD_BYTES_MAX + body.len());
    cbor::put_head(&mut merged, Major::Map, count);
    merged.append(&mut body);
    if merged.len() > DOCUMENT_BYTES_MAX {
        let message = format!(
            "the patched document has {} bytes, {DOCUMENT_BYTES_MAX} are allowed; split it up",
            merged.len()
        );
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    Ok(merged)
}

/// The next entry of the two in canonical order, and whether it is the patch's. Where both have the
/// key, the patch's entry is the one.
fn next<'a>(
    kept: &mut Peekable<Entries<'a>>,
    patched: &mut Peekable<Entries<'a>>,
) -> Result<Option<(Entry<'a>, bool)>> {
    let order = match (kept.peek(), patched.peek()) {
        (Some(Ok(old)), Some(Ok(new))) => old.key.cmp(new.key),
        (_, None) => Ordering::Less,
        _ => Ordering::Greater,
    };
    if order == Ordering::Less {
        return Ok(kept.next().transpose()?.map(|entry| (entry, false)));
    }
    if order == Ordering::Equal {
        kept.next();
    }
    Ok(patched.next().transpose()?.map(|entry| (entry, true)))
}
