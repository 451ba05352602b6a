//! Changes to the files of a small database, under checksums made right or not. It opens to
//! something or says why it does not; under old checksums, only to what it once held.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::OnceLock;

use arbitrary::Arbitrary;
use entidb::kv::{Batch, Direction, KeyRange, Store, View};
use entidb::storage::fault::{Image, SimStorage};
use entidb::{
    At, Change, Database, Durability, Error, ErrorKind, Geometry, IfMatch, IndexSpec, Op, Options,
    PageLimits, QueryPlan, Result, fuzz,
};

use crate::decode;

const EDITS_MAX: usize = 12;
/// No more than this much of a storage is to be had, so that sizes that were changed cannot take
/// all memory.
const QUOTA_BYTES: u64 = 4 << 20;
const SECTOR: usize = 512;

#[derive(Debug, Arbitrary)]
struct Input {
    base: u8,
    resealed: bool,
    edits: Vec<Edit>,
}

#[derive(Debug, Arbitrary)]
struct Edit {
    file: u8,
    at: u16,
    how: How,
}

#[derive(Debug, Arbitrary)]
enum How {
    Flip(u8),
    Number(u64),
    ZeroSector,
    CopySector(u8),
    Cut,
    /// Beside the file as it was before, as names of files are not durable.
    OldFile,
    Swap(u8),
    Lengthen(u8),
    /// Close to where superblocks, roots and manifests begin.
    Head(u8, u8),
}

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// A database, the files as they were earlier, and what it held, oldest first. Unless it was
/// closed, frames at the end of its log that cannot be read look as if they had never been whole.
struct Base {
    image: Image,
    older: Image,
    states: Vec<Entries>,
    closed: bool,
}

/// The target; see the [module](self).
pub fn run(data: &[u8]) {
    let Some(input) = decode::<Input>(data) else { return };
    let bases = bases();
    let base = &bases[usize::from(input.base) % bases.len()];
    let mut image = base.image.clone();
    let (mut mixed, mut touches_log) = (false, false);
    for edit in input.edits.iter().take(EDITS_MAX) {
        mixed |= matches!(edit.how, How::OldFile | How::Swap(_));
        touches_log |= edit.file % 3 != 0;
        edit.apply(&mut image, &base.older);
    }
    if input.resealed {
        fuzz::reseal(&mut image.files);
    }
    let sim = SimStorage::from_image(image, 1);
    sim.set_quota(Some(QUOTA_BYTES));
    let read = Store::open(sim.clone(), &options()).and_then(|store| entries_of(&store));
    match read {
        // A volume of another moment is a state of that moment; nothing in it can tell.
        Ok(entries) if !input.resealed && !mixed => {
            let tail = touches_log && !base.closed;
            let last = base.states.last() == Some(&entries);
            assert!(last || tail && base.states.contains(&entries), "it opens to what it held");
        }
        Ok(_) => {}
        Err(error) => check_error(&error),
    }
    for result in [use_database(&sim), use_store(&sim)] {
        if let Err(error) = result {
            check_error(&error);
        }
    }
}

impl Edit {
    fn apply(&self, image: &mut Image, older: &Image) {
        let file = usize::from(self.file) % 3;
        let len = image.files[file].len();
        let at = usize::from(self.at) % len.max(1);
        let sector = at / SECTOR * SECTOR;
        let bytes = &mut image.files[file];
        match &self.how {
            How::Flip(mask) => put(bytes, at, |byte, _| byte ^ mask),
            How::Number(n) => {
                let n = n.to_le_bytes();
                for (i, value) in n.into_iter().enumerate() {
                    put(bytes, at + i, |_, _| value);
                }
            }
            How::ZeroSector => (sector..sector + SECTOR).for_each(|at| put(bytes, at, |_, _| 0)),
            How::CopySector(from) => {
                let from = usize::from(*from) * SECTOR % len.max(1);
                let copy = bytes.get(from..from + SECTOR).unwrap_or_default().to_vec();
                for (i, value) in copy.into_iter().enumerate() {
                    put(bytes, sector + i, |_, _| value);
                }
            }
            How::Cut => bytes.truncate(at),
            How::OldFile => older.files[file].clone_into(bytes),
            How::Swap(other) => image.files.swap(file, usize::from(*other) % 3),
            How::Lengthen(units) => bytes.resize(len + usize::from(*units % 32) * SECTOR, 0),
            How::Head(place, mask) => {
                let start = usize::from(self.at % 10) * 2048;
                put(bytes, start + usize::from(*place), |byte, _| byte ^ mask);
            }
        }
    }
}

fn put(bytes: &mut [u8], at: usize, new: impl Fn(u8, usize) -> u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = new(*byte, at);
    }
}

/// A storage that was written by somebody else may be damaged, newer, none, or want more room than
/// there is; it never fails by itself.
fn check_error(error: &Error) {
    let known = [
        ErrorKind::Corrupt,
        ErrorKind::VersionMismatch,
        ErrorKind::NotFound,
        ErrorKind::QuotaExceeded,
        ErrorKind::LimitExceeded,
    ];
    assert!(known.contains(&error.kind()), "{error:?}");
    let located = error.kind() != ErrorKind::Corrupt || error.details().file.is_some();
    assert!(located || error.message().contains("catalog"), "{error:?}");
}

fn options() -> Options {
    Options { create_if_missing: false, cache_bytes: 1 << 15, ..Options::default() }
}

fn entries_of(store: &Store<SimStorage>) -> Result<Entries> {
    let all = KeyRange { lower: Bound::Unbounded, upper: Bound::Unbounded };
    let view = View::at(store.visible_seq());
    let mut found = Vec::new();
    for direction in [Direction::Forward, Direction::Reverse] {
        let mut scan = store.scan(view, &all, direction)?;
        let mut entries = Entries::new();
        while scan.advance()? {
            entries.insert(scan.key().to_vec(), scan.value().to_vec());
        }
        found.push(entries);
    }
    Ok(found.pop().unwrap_or_default())
}

/// Goes on with whatever opened: writes, merges, closes.
fn use_store(sim: &SimStorage) -> Result<()> {
    let mut store = Store::open(sim.clone(), &options())?;
    for n in 0..3_u8 {
        let mut batch = Batch::new();
        batch.put(&[1, 0, 0, 0, 9, n], &[n; 100])?;
        if store.stage(&batch)?.is_some() {
            let _ = store.commit(Durability::Strict)?;
        }
    }
    let _ = store.flush()?;
    store.compact_begin()?;
    for _ in 0..10_000 {
        if !store.step(1 << 16)? {
            break;
        }
    }
    store.close().map(drop)
}

/// Reads all documents of whatever opened, and writes one.
fn use_database(sim: &SimStorage) -> Result<()> {
    let mut db = Database::open(sim.clone(), &options())?;
    for info in db.collections() {
        db.indexes(info.id)?;
        db.count(At::Latest, info.id)?;
        let mut cursor = db.cursor(At::Latest, &QueryPlan::scan(info.id))?;
        loop {
            let limits = PageLimits { bytes: 1 << 14, documents: 100 };
            let page = db.page(&mut cursor, None, limits)?;
            for row in &page.rows {
                db.hash(At::Latest, info.id, &row.id)?;
            }
            if page.done {
                break;
            }
        }
        let op = Op {
            collection: info.id,
            id: &[1, 0x80, 0, 0, 0, 0, 0, 0, 3],
            change: Change::Put(b"\xa1\x61a\x18\x2a"),
            if_match: IfMatch::Any,
        };
        db.stage(&[op])?;
        let _ = db.commit(Durability::Strict)?;
    }
    Ok(())
}

fn bases() -> &'static [Base] {
    static BASES: OnceLock<Vec<Base>> = OnceLock::new();
    BASES.get_or_init(|| (0..4).map(base).collect())
}

/// With data in segments of two levels and in both logs; `number` says whether it was closed and
/// whether it was compacted.
fn base(number: u8) -> Base {
    let sim = SimStorage::new(1);
    let mut older = sim.image();
    let mut states = vec![Entries::new()];
    let options = Options {
        database_id: *b"made by a fuzzer",
        geometry: Geometry::TINY,
        cache_bytes: 1 << 15,
        ..Options::default()
    };
    let mut db = Database::open(sim.clone(), &options).expect("a new database");
    let specs = [IndexSpec::ordered(["a"]), IndexSpec::hash(["b"]).unique()];
    let (collection, _) = db.create_collection("fuzz", &specs).expect("a collection");
    for round in 0..6_u8 {
        for n in 0..8_u8 {
            let id = [1, 0x80, 0, 0, 0, 0, 0, 0, n * 3 + round];
            let body = [&[0x58, 200][..], &[n ^ round; 200]].concat();
            let document = [b"\xa2\x61a\x18", &[100 + n][..], b"\x61b", &body].concat();
            let change = if n == round { Change::Delete } else { Change::Put(&document) };
            let op = Op { collection, id: &id, change, if_match: IfMatch::Any };
            // Two documents with the same bytes share a unique value, and one is refused.
            if db.stage(&[op]).is_ok() {
                let _ = db.commit(Durability::Strict).expect("a commit");
                states.push(held(&sim));
            }
        }
        if round == 3 {
            older = sim.image();
        }
        if number >= 2 {
            let _ = db.checkpoint().expect("a checkpoint");
        }
    }
    let closed = number % 2 == 1;
    if closed {
        let _ = db.close().expect("the end");
    }
    Base { image: sim.image(), older, states, closed }
}

/// What another process would find.
fn held(sim: &SimStorage) -> Entries {
    let copy = SimStorage::from_image(sim.image(), 1);
    Store::open(copy, &options()).and_then(|store| entries_of(&store)).expect("a sound database")
}
