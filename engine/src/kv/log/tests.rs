//! What the log promises, held against every way its bytes can be lost, stale or damaged.

mod commits;
mod damage;
mod epochs;
mod format;
mod writing;

use super::commits::Commit;
use super::reader::Tail;
use super::*;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::entry::Kind;
use crate::kv::io::Io;
use crate::limits::LOG_HEAD_BYTES;
use crate::options::{Durability, Geometry};
use crate::storage::FileId;
use crate::storage::fault::{Image, SimStorage};

const ID: [u8; 16] = *b"0123456789abcdef";
const HEAD: usize = LOG_HEAD_BYTES as usize;

type Entries = Vec<(Vec<u8>, Kind, Vec<u8>)>;

/// What a frame holds, as written and as read back.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Frame {
    offset: u64,
    first_seq: u64,
    last_seq: u64,
    durable_seq: u64,
    commits: Vec<(u64, Entries)>,
    catalog: Option<Vec<u8>>,
}

fn header(epoch: u64, first_seq: u64, prev_last_seq: u64) -> Header {
    Header {
        database_id: ID,
        epoch,
        first_seq,
        prev_last_seq,
        generation: 3,
        reserved_through: first_seq + 1000,
    }
}

fn io_on(storage: SimStorage) -> Io<SimStorage> {
    let mut io = Io::new(storage, 0);
    io.set_layout(Geometry::TINY, 0);
    io
}

fn io_of(log_a: &[u8]) -> Io<SimStorage> {
    let mut image = Image::default();
    *image.file_mut(FileId::LogA) = log_a.to_vec();
    io_on(SimStorage::from_image(image, 0))
}

fn bytes_of(io: &Io<SimStorage>) -> Vec<u8> {
    io.storage().image().file(FileId::LogA).to_vec()
}

fn begin(io: &Io<SimStorage>, header: &Header) -> LogWriter {
    LogWriter::begin(io, FileId::LogA, header, &Geometry::TINY).unwrap()
}

fn push(frame: &mut FrameBuilder, entries: &Entries) -> Result<()> {
    frame.push_commit(entries.iter().map(|(key, kind, value)| (&key[..], *kind, &value[..])))
}

fn any_entries(rng: &mut fastrand::Rng) -> Entries {
    let mut keys: Vec<Vec<u8>> =
        (0..rng.usize(0..4)).map(|_| (0..rng.usize(0..20)).map(|_| rng.u8(..)).collect()).collect();
    keys.sort();
    keys.dedup();
    let entry = |key| match rng.u8(0..4) {
        0 => (key, Kind::Delete, Vec::new()),
        _ => (key, Kind::Put, vec![rng.u8(..); rng.usize(0..30)]),
    };
    keys.into_iter().map(entry).collect()
}

/// Appends one frame, of a few commits or a catalog.
fn append(
    io: &Io<SimStorage>,
    writer: &mut LogWriter,
    rng: &mut fastrand::Rng,
    durable_seq: u64,
) -> Result<Frame> {
    let mut builder = FrameBuilder::default();
    let first_seq = writer.last_seq + 1;
    let mut frame = Frame {
        offset: writer.tail(),
        first_seq,
        last_seq: first_seq,
        durable_seq,
        commits: Vec::new(),
        catalog: None,
    };
    if rng.u8(0..8) == 0 {
        let catalog = vec![rng.u8(..); rng.usize(1..50)];
        builder.set_catalog(&catalog)?;
        frame.catalog = Some(catalog);
    } else {
        for n in 0..rng.u64(1..4) {
            let entries = any_entries(rng);
            push(&mut builder, &entries)?;
            frame.commits.push((first_seq + n, entries));
            frame.last_seq = first_seq + n;
        }
    }
    builder.seal(first_seq, durable_seq, Durability::Strict);
    writer.append(io, &mut builder)?;
    Ok(frame)
}

/// When commits become durable, as later frames tell it.
#[derive(Clone, Copy, Debug)]
enum Syncs {
    Always,
    Never,
    Sometimes,
}

/// An epoch of `frames` random frames behind whatever the file held.
fn write_epoch(
    io: &Io<SimStorage>,
    header: &Header,
    frames: usize,
    syncs: Syncs,
    rng: &mut fastrand::Rng,
) -> (LogWriter, Vec<Frame>) {
    let mut writer = begin(io, header);
    let mut written = Vec::new();
    let mut durable_seq = header.prev_last_seq;
    for _ in 0..frames {
        let is_synced = match syncs {
            Syncs::Always => true,
            Syncs::Never => false,
            Syncs::Sometimes => rng.bool(),
        };
        if is_synced {
            durable_seq = writer.last_seq;
        }
        written.push(append(io, &mut writer, rng, durable_seq).unwrap());
    }
    (writer, written)
}

fn read_back(
    io: &Io<SimStorage>,
    header: &Header,
    through: Option<u64>,
) -> (Vec<Frame>, Result<Tail>) {
    let mut frames = Vec::new();
    let mut end = u64::from(LOG_HEAD_BYTES);
    let tail = replay(io, FileId::LogA, header, through, |view| {
        let offset = end;
        end += view.head.frame_len();
        let owned = |entries: &Commit<'_>| {
            entries.entries().map(|(k, kind, v)| (k.to_vec(), kind, v.to_vec())).collect()
        };
        let commits = view.commits().map(|commit| commit.map(|c| (c.seq(), owned(&c))));
        frames.push(Frame {
            offset,
            first_seq: view.first_seq(),
            last_seq: view.last_seq(),
            durable_seq: view.head.durable_seq,
            commits: commits.collect::<Result<_>>()?,
            catalog: view.catalog().map(<[u8]>::to_vec),
        });
        Ok(())
    });
    (frames, tail)
}

fn header_of(io: &Io<SimStorage>) -> Result<HeaderState> {
    read_header(io, FileId::LogA, &ID)
}

fn kind_of<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().as_ref().map(Error::kind)
}
