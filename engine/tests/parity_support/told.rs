//! What images keep of answers: rows as they are stored, whichever form answers have by now.

use entidb::codec::bytes::{Reader, put_slice, put_varint};

use super::call::{Call, hex, unhex};
use super::recorder::Part;

#[path = "../host_support/rows.rs"]
mod rows;

const DONE: u8 = 1;
const WITH_DOCUMENTS: u8 = 2;

/// The answers of a part that reads everything, as an image keeps them.
pub fn told(part: &Part) -> Part {
    let told = |(call, answer): (&str, &str)| told_of(&Call::parse(call), answer) + "\n";
    let answers = part.calls.lines().zip(part.answers.lines()).map(told).collect();
    Part { calls: part.calls.clone(), answers }
}

/// Pages are of documents: flags, cursor and count, then of each row the id and the document.
fn told_of(call: &Call, answer: &str) -> String {
    if !["queryPage", "page"].contains(&call.name.as_str()) || answer.starts_with('!') {
        return answer.to_owned();
    }
    let bytes = unhex(answer);
    let mut reader = Reader::new(&bytes);
    let done = reader.u8().unwrap() & DONE;
    let (cursor, count) = (reader.varint().unwrap(), reader.varint().unwrap());
    let mut told = vec![if count > 0 { done | WITH_DOCUMENTS } else { done }];
    put_varint(&mut told, cursor);
    put_varint(&mut told, count);
    let mut rows = rows::Rows::new(reader.rest());
    while !rows.is_done() {
        put_slice(&mut told, &rows.id());
        put_slice(&mut told, &rows.document().unwrap());
    }
    hex(&told)
}
