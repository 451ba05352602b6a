//! Answers as bytes.
//!
//! ```text
//! staged = status u8 | what follows
//!   0 in the open group          seq varint | outcome*
//!   1 nothing: the group is full; commit, then make the same call again
//!   2 committed by itself        seq varint | outcome*
//! outcome, one for each write in order
//!   insert, put                  nothing
//!   update                       document slice
//!   delete                       u8, 1 where the document was there
//!
//! page   = flags u8 (bit 0: no more pages, bit 1: rows carry documents) | cursor varint, 0 if done
//!          | rows varint | row*
//! row    = id slice | document slice where flag bit 1 is set; absent where only rows are counted
//!
//! many   = per id: varint n, then n - 1 bytes of document; n = 0 where there is none
//! ```

use crate::codec::bytes::{put_slice, put_varint, varint_len};
use crate::db::{Outcome, Page};

/// Status of writes that are in the open group.
pub const IN_GROUP: u8 = 0;
/// Status where nothing was staged because the group is full.
pub const GROUP_FULL: u8 = 1;
/// Status of a write set that was committed by itself.
pub const COMMITTED: u8 = 2;

const DONE: u8 = 1;
const WITH_DOCUMENTS: u8 = 2;

/// The answer to staged writes.
pub fn staged(status: u8, seq: u64, outcomes: &[Outcome]) -> Vec<u8> {
    let mut reply = vec![status];
    put_varint(&mut reply, seq);
    for outcome in outcomes {
        match outcome {
            Outcome::Written => {}
            Outcome::Patched(document) => put_slice(&mut reply, document),
            Outcome::Deleted(existed) => reply.push(u8::from(*existed)),
        }
    }
    reply
}

/// The answer where nothing was staged.
pub fn group_full() -> Vec<u8> {
    vec![GROUP_FULL]
}

/// One page of a query; `cursor` is 0 where no more will come.
pub fn page(cursor: u32, page: &Page) -> Vec<u8> {
    let with_documents = page.rows.iter().any(|row| row.document.is_some());
    let bytes: usize = page
        .rows
        .iter()
        .map(|row| {
            row.id.len() + row.document.as_ref().map_or(0, Vec::len) + 2 * varint_len(1 << 32)
        })
        .sum();
    let mut reply = Vec::with_capacity(bytes + 1 + 2 * varint_len(u64::MAX));
    reply.push(if page.done { DONE } else { 0 } | if with_documents { WITH_DOCUMENTS } else { 0 });
    put_varint(&mut reply, u64::from(cursor));
    put_varint(&mut reply, page.count);
    for row in &page.rows {
        put_slice(&mut reply, &row.id);
        if let Some(document) = &row.document {
            put_slice(&mut reply, document);
        }
    }
    reply
}

/// Appends the answer for one id of many.
pub fn put_document(reply: &mut Vec<u8>, document: Option<&[u8]>) {
    match document {
        None => reply.push(0),
        Some(document) => {
            put_varint(reply, document.len() as u64 + 1);
            reply.extend_from_slice(document);
        }
    }
}
