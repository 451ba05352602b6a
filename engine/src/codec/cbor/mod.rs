//! Canonical CBOR, the form of documents and values; see FORMAT.md, section 1.
//!
//! Reading is strict. Its errors are `Corrupt`, because the bytes come from the store; [`validate`]
//! turns them into `InvalidInput` for bytes that come from a caller.

mod encode;
mod validate;

pub use encode::{
    put_big, put_bool, put_bytes, put_date, put_head, put_int, put_null, put_number, put_text,
    text_key,
};
pub use entidb_hot::cbor::{
    Entries, Entry, INTEGERS_END, Item, Major, array_head, date_ms, date_seconds, entries,
    is_whole, item, key, map_head, nearest, skip, unsigned, value, whole,
};
pub use validate::{validate, validate_value};
