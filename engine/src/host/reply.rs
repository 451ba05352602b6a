//! Answers as bytes.
//!
//! ```text
//! staged = status u8 | what follows
//!   0 in the open group          seq varint | outcome*
//!   1 nothing: the group is full; commit, then make the same call again
//!   2 committed by itself        seq varint | outcome*
//! outcome, one for each write in order
//!   insert, put                  nothing
//!   update                       the document, as a slice of `rows`
//!   delete                       u8, 1 where the document was there
//!
//! page   = flags u8 (bit 0: no more pages) | cursor varint, 0 if done | rows varint | `rows`,
//!          unless they are only counted
//! ```

use super::rows::Rows;
use crate::codec::bytes::{put_slice, put_varint};
use crate::db::{Op, Outcome, PageEnd};
use crate::error::Result;

/// Status of writes that are in the open group.
pub const IN_GROUP: u8 = 0;
/// Status where nothing was staged because the group is full.
pub const GROUP_FULL: u8 = 1;
/// Status of a write set that was committed by itself.
pub const COMMITTED: u8 = 2;

const DONE: u8 = 1;

/// The answer to the writes of `ops`, which are staged.
pub fn staged(
    status: u8,
    seq: u64,
    ops: &[Op<'_>],
    outcomes: &[Outcome],
    rows: &mut Rows,
) -> Result<Vec<u8>> {
    let mut reply = vec![status];
    put_varint(&mut reply, seq);
    for (outcome, op) in outcomes.iter().zip(ops) {
        match outcome {
            Outcome::Written => {}
            Outcome::Patched(document) => put_slice(&mut reply, &rows.alone(op.id, document)?),
            Outcome::Deleted(existed) => reply.push(u8::from(*existed)),
        }
    }
    Ok(reply)
}

/// The answer where nothing was staged.
pub fn group_full() -> Vec<u8> {
    vec![GROUP_FULL]
}

/// One page of a query, whose rows are in `rows`; `cursor` is 0 where no more will come.
pub fn page(cursor: u32, page: PageEnd, rows: &mut Rows) -> Vec<u8> {
    let mut head = vec![if page.done { DONE } else { 0 }];
    put_varint(&mut head, u64::from(cursor));
    put_varint(&mut head, page.count);
    rows.finish(&head)
}
