//! Calls of the host, each with a message that may be none: a refused one has a type and changes
//! nothing, and no call panics.
//!
//! A call is its number, an argument, the length of its message as two bytes, and the message.

use entidb::codec::bytes::{Reader, put_slice, put_varint};
use entidb::host::Host;
use entidb::storage::MemoryStorage;
use entidb::{Durability, Error, ErrorKind, Geometry, Options, Result};

const CALLS_MAX: usize = 24;
const PAGE_BYTES: usize = 4096;
/// A query over all documents of the collection 1.
const SCAN: &[u8] = b"\xa2\x64scan\xa0\x6acollection\x01";
const DECLARATION: &[u8] = b"\xa1\x6bcollections\x81\xa2\x64name\x65tasks\x67indexes\x82\
      \xa1\x66fields\x81\x67project\xa2\x66fields\x81\x65title\x66unique\xf5";

type Memory = Host<MemoryStorage>;

/// The target; see the [module](self).
pub fn run(data: &[u8]) {
    let storage = MemoryStorage::new();
    let mut host = seeded(&storage);
    let mut reader = Reader::new(data);
    for _ in 0..CALLS_MAX {
        let Some((call, argument, message)) = next(&mut reader) else { break };
        let before = state(&mut host);
        let Err(error) = make(&mut host, call, argument, message) else { continue };
        check_error(&error);
        assert_eq!(state(&mut host), before, "a refused call changes nothing: {error:?}");
    }
    let _ = host.commit().expect("memory takes a commit");
    let before = state(&mut host);
    drop(host);
    let mut again = open(&storage);
    assert_eq!(state(&mut again), before, "what was committed is there again");
}

fn next<'a>(reader: &mut Reader<'a>) -> Option<(u8, u8, &'a [u8])> {
    let (call, argument) = (reader.u8().ok()?, reader.u8().ok()?);
    let len = usize::from(reader.u16().ok()?).min(reader.rest().len());
    Some((call, argument, reader.take(len).ok()?))
}

fn open(storage: &MemoryStorage) -> Memory {
    let geometry = Geometry { manifest_area_bytes: 64 * 1024, ..Geometry::TINY };
    let options = Options { geometry, cache_bytes: 1 << 16, ..Options::default() };
    Host::open(storage.clone(), &options).expect("memory opens")
}

fn seeded(storage: &MemoryStorage) -> Memory {
    let mut host = open(storage);
    host.declare(DECLARATION).expect("a declaration");
    let mut batch = Vec::new();
    for n in 0..3_u8 {
        batch.push(1);
        put_varint(&mut batch, 1);
        put_slice(&mut batch, &[1, 0x80, 0, 0, 0, 0, 0, 0, n]);
        let document = [b"\xa2\x65title\x61", &[b'0' + n][..], b"\x67project\x01"].concat();
        put_slice(&mut batch, &document);
    }
    host.stage(&batch, Durability::Relaxed).expect("a batch");
    let _ = host.commit().expect("memory takes a commit");
    host
}

fn make(host: &mut Memory, call: u8, argument: u8, bytes: &[u8]) -> Result<()> {
    let (view, collection) = (u32::from(argument / 4), 1 + u32::from(argument % 4));
    let durability = if argument < 128 { Durability::Strict } else { Durability::Relaxed };
    match call % 32 {
        0 | 1 => host.stage(bytes, durability).map(drop),
        2 => host.commit().map(drop),
        3 => host.begin().map(drop),
        4 => host.tx_stage(view, bytes).map(drop),
        5 => host.tx_commit(view, durability).map(drop),
        6 => {
            host.rollback(view);
            Ok(())
        }
        7 => host.get(view, collection, bytes).map(drop),
        8 => host.get_many(view, collection, bytes).map(drop),
        9 => host.has(view, collection, bytes).map(drop),
        10 => host.hash(view, collection, bytes).map(drop),
        11 => host.count(view, collection).map(drop),
        12 => host.declare(bytes).map(drop),
        13 => host.create_collection(bytes).map(drop),
        14 => host.create_index(collection, bytes).map(drop),
        15 => host.drop_index(collection, bytes).map(drop),
        16 => host.drop_collection(collection),
        17 => host.clear(collection),
        18 => host.build_step(argument.into(), PAGE_BYTES as u64).map(drop),
        19 => host.query(view, bytes).map(drop),
        20 => host.query_page(view, bytes, PAGE_BYTES, 1 + usize::from(argument)).map(drop),
        21 => host.page(view, PAGE_BYTES, 2).map(drop),
        22 => {
            host.close_cursor(view);
            Ok(())
        }
        23 => host.query_count(view, bytes).map(drop),
        24 => host.explain(view, bytes).map(drop),
        25 => host.snapshot().map(drop),
        26 => {
            host.release(view);
            Ok(())
        }
        27 => host.step(u64::from(argument) * 64).map(drop),
        28 => host.settle(),
        29 => host.checkpoint().map(drop),
        30 => host.compact_begin(),
        _ => {
            host.tick(u64::from(argument) * 1000);
            host.set_schema_version(argument.into())
        }
    }
}

/// The kinds that a call may be refused with: the storage neither fails nor lies here.
fn check_error(error: &Error) {
    let never = [ErrorKind::Corrupt, ErrorKind::Io, ErrorKind::Locked, ErrorKind::QuotaExceeded];
    assert!(!never.contains(&error.kind()), "{error:?}");
}

/// Everything that the newest commit shows, and whether a group is open.
fn state(host: &mut Memory) -> Vec<u8> {
    let mut state = vec![u8::from(host.has_staged())];
    state.extend(host.sequence().to_le_bytes());
    state.extend(host.schema_version().to_le_bytes());
    state.extend(host.collections());
    for collection in 1..=8_u8 {
        let mut scan = SCAN.to_vec();
        *scan.last_mut().expect("the id is last") = collection;
        let Ok(count) = host.count(0, collection.into()) else { continue };
        state.extend(count.to_le_bytes());
        state.extend(host.indexes(collection.into()).expect("a collection"));
        // An answer names the cursor that goes on, so that only whole ones compare.
        let page = host.query_page(0, &scan, 1 << 20, 1 << 16).expect("a scan");
        state.extend(page);
    }
    state
}
