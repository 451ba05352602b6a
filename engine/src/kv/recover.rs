//! Opening: from whatever the files hold to the last committed state.
//!
//! The newest root whose manifest is sound says which version counts and which log epochs may hold
//! more. Those epochs must be there and must follow each other without a gap; what they hold beyond
//! the root goes into the memtable. Nothing is written: a torn tail stays where it is and is dead,
//! because the next epoch begins in the other file and says where this one ended.

use entidb_hot::hash::xxh3_64;

use super::io::Io;
use super::log::{self, FrameView, Header, HeaderState};
use super::logs::{Epoch, Logs};
use super::manifest::{CatalogState, Manifest};
use super::memtable::Memtable;
use super::root::{NUMBERS_END, ROOT_BYTES, ROOT_COPY_OFFSET, Root};
use super::superblock::{
    MANIFESTS_OFFSET, ROOTS_OFFSET, SLOT_BYTES, SUPERBLOCK_BYTES, Superblock, units_start,
};
use super::version::Version;
use super::volume::Volume;
use crate::error::{Error, ErrorKind, Result};
use crate::options::{Durability, Geometry, Options};
use crate::storage::{FileId, Storage, Synced};

/// Ids that no segment gets after an unclean end: a job that was cut off may have used them.
const SEGMENT_IDS_SKIPPED: u64 = 1 << 16;

/// What an open found.
pub(crate) struct Recovered<S: Storage> {
    pub io: Io<S>,
    pub volume: Volume,
    pub logs: Logs,
    /// What the logs hold beyond the segments.
    pub active: Memtable,
    pub catalog: CatalogState,
    pub visible_seq: u64,
    pub next_seq: u64,
    pub created: bool,
    pub pending: Synced,
}

/// A root with what it points at.
struct Candidate {
    root: Root,
    slot: u64,
    manifest: Manifest,
    version: Version,
}

/// Opens what is there, or makes a new database.
pub(crate) fn open<S: Storage>(storage: S, options: &Options) -> Result<Recovered<S>> {
    let mut io = Io::new(storage, options.cache_bytes);
    let Some(superblock) = read_superblock(&io, &options.geometry)? else {
        return create(io, options);
    };
    if options.error_if_exists {
        let message =
            "the database exists; open it without `errorIfExists`, or choose another name";
        return Err(Error::new(ErrorKind::AlreadyExists, message));
    }
    io.set_layout(superblock.geometry, units_start(&superblock.geometry));
    let (current, previous, lost_seq) = read_roots(&io, &superblock)?;
    let mut replay = Replay::new(&current, &superblock);
    replay.run(&io)?;
    if replay.visible_seq < lost_seq {
        return Err(Error::corrupt(
            "volume",
            MANIFESTS_OFFSET,
            "the newest manifest is unreadable and the logs do not reach as far",
        )
        .with(|details| details.seq = Some(lost_seq)));
    }
    // What was read may lie in the page cache only: it must be durable before anything builds on
    // it.
    let mut pending = Synced::Done;
    if !options.read_only {
        for file in FileId::ALL {
            if io.len(file)? > 0 {
                pending = io.sync(file, Durability::Strict)?;
            }
        }
    }
    let Candidate { root, slot, manifest, version } = current;
    let logs = replay.logs(&root);
    let next_seq = replay.visible_seq.max(logs.reserved_seq()).max(root.reserved_seq) + 1;
    // A crashed job may have written blocks under ids that no manifest knows of.
    let next_segment_id = manifest
        .next_segment_id
        .checked_add(replay.skipped_ids())
        .filter(|id| *id < NUMBERS_END)
        .ok_or_else(|| Error::corrupt("volume", root.manifest_offset, "no segment has this id"))?;
    let mut volume = Volume::new(superblock, (root, slot), version, previous, next_segment_id);
    volume.take_stock(&io)?;
    Ok(Recovered {
        io,
        volume,
        logs,
        active: replay.table,
        catalog: replay.catalog,
        visible_seq: replay.visible_seq,
        next_seq,
        created: false,
        pending,
    })
}

fn create<S: Storage>(mut io: Io<S>, options: &Options) -> Result<Recovered<S>> {
    if !options.create_if_missing || options.read_only {
        let message = "there is no database of this name; open it with `createIfMissing`";
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    options.geometry.validate()?;
    let superblock = Superblock { database_id: options.database_id, geometry: options.geometry };
    io.set_layout(superblock.geometry, units_start(&superblock.geometry));
    let (mut volume, pending) = Volume::create(&io, superblock)?;
    volume.take_stock(&io)?;
    Ok(Recovered {
        io,
        volume,
        logs: Logs::default(),
        active: Memtable::default(),
        catalog: CatalogState::default(),
        visible_seq: 0,
        next_seq: 1,
        created: true,
        pending,
    })
}

/// The superblock; `None` where there is no database, or one whose making was never finished.
fn read_superblock<S: Storage>(io: &Io<S>, planned: &Geometry) -> Result<Option<Superblock>> {
    let len = io.len(FileId::Volume)?;
    let logs_empty = io.len(FileId::LogA)? == 0 && io.len(FileId::LogB)? == 0;
    if len == 0 && logs_empty {
        return Ok(None);
    }
    let mut first_error = None;
    let mut first_bytes = Vec::new();
    for copy in 0..2 {
        let bytes = read_up_to(io, copy * SLOT_BYTES, SUPERBLOCK_BYTES, len)?;
        match Superblock::decode(&bytes) {
            Ok(superblock) => return Ok(Some(superblock)),
            Err(error) if error.kind() == ErrorKind::VersionMismatch => return Err(error),
            Err(error) => first_error = first_error.or(Some(error)),
        }
        first_bytes.push(bytes);
    }
    // Nothing is put behind the head before the database is made.
    let is_head = len <= units_start(planned);
    if logs_empty && is_head && is_unfinished(io, len, &first_bytes)? {
        return Ok(None);
    }
    let error = first_error.unwrap_or_else(|| Error::decode("no superblock"));
    Err(error.at(FileId::Volume.name(), 0))
}

/// Whether the making of a database was cut off. The first root is durable before the first
/// superblock is written, and that one before the second: so the second is still blank, and the
/// first is either blank as well or stands before a sound first root; and there is no later root.
/// Nobody was told of such a database.
fn is_unfinished<S: Storage>(io: &Io<S>, len: u64, superblocks: &[Vec<u8>]) -> Result<bool> {
    let blank = |bytes: &Vec<u8>| bytes.iter().all(|byte| *byte == 0);
    let (Some(first), Some(second)) = (superblocks.first(), superblocks.get(1)) else {
        return Ok(false);
    };
    let mut newest = None;
    for slot in 0..2 {
        newest = newest.max(read_root(io, slot, len)?.map(|root| root.generation));
    }
    Ok(blank(second) && (newest == Some(1) || newest.is_none() && blank(first)))
}

/// The root in a slot, if it is sound.
fn read_root<S: Storage>(io: &Io<S>, slot: u64, len: u64) -> Result<Option<Root>> {
    let offset = ROOTS_OFFSET + slot * SLOT_BYTES;
    let bytes = read_up_to(io, offset, ROOT_COPY_OFFSET + ROOT_BYTES, len)?;
    Ok(Root::decode_slot(&bytes).ok())
}

/// The root that counts, the version of the other one, and how far the newest root went, where its
/// manifest is lost and the other one counts.
fn read_roots<S: Storage>(
    io: &Io<S>,
    superblock: &Superblock,
) -> Result<(Candidate, Option<Version>, u64)> {
    let len = io.len(FileId::Volume)?;
    let mut roots = Vec::new();
    for slot in 0..2 {
        let root = read_root(io, slot, len)?;
        let ours = root.filter(|root| root.database_id == superblock.database_id);
        roots.extend(ours.map(|root| (root, slot)));
    }
    let generation = |at: usize| roots.get(at).map(|(root, _): &(Root, u64)| root.generation);
    if generation(0) < generation(1) {
        roots.reverse();
    }
    let mut lost_seq = 0;
    let mut found: Option<Candidate> = None;
    let mut previous = None;
    let mut first_error = None;
    for (root, slot) in roots {
        match read_manifest(io, superblock, &root, len) {
            Ok((manifest, version)) if found.is_none() => {
                found = Some(Candidate { root, slot, manifest, version });
            }
            Ok((_, version)) => previous = Some(version),
            Err(error) if error.kind() != ErrorKind::Corrupt => return Err(error),
            Err(error) => {
                if found.is_none() {
                    lost_seq = root.flushed_seq;
                }
                first_error = first_error.or(Some(error));
            }
        }
    }
    let no_root = || Error::corrupt(FileId::Volume.name(), ROOTS_OFFSET, "no root is readable");
    match found {
        Some(found) => Ok((found, previous, lost_seq)),
        None => Err(first_error.unwrap_or_else(no_root)),
    }
}

fn read_manifest<S: Storage>(
    io: &Io<S>,
    superblock: &Superblock,
    root: &Root,
    len: u64,
) -> Result<(Manifest, Version)> {
    let damaged = |what| Error::corrupt(FileId::Volume.name(), root.manifest_offset, what);
    let end = root.manifest_offset.checked_add(u64::from(root.manifest_len));
    if root.manifest_len > superblock.geometry.manifest_area_bytes
        || end.is_none_or(|end| end > len)
    {
        return Err(damaged("the manifest lies outside the file"));
    }
    let wanted = usize::try_from(root.manifest_len).unwrap_or(usize::MAX);
    let bytes = read_up_to(io, root.manifest_offset, wanted, len)?;
    if xxh3_64(&bytes) != root.manifest_hash {
        return Err(damaged("the manifest's checksum differs"));
    }
    let at = |error: Error| error.at(FileId::Volume.name(), root.manifest_offset);
    let mut manifest = Manifest::decode(&bytes).map_err(at)?;
    let version = Version::from_metas(std::mem::take(&mut manifest.levels)).map_err(at)?;
    Ok((manifest, version))
}

/// Bytes of the volume, fewer where it ends.
fn read_up_to<S: Storage>(io: &Io<S>, offset: u64, wanted: usize, len: u64) -> Result<Vec<u8>> {
    let there = usize::try_from(len.saturating_sub(offset)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; wanted.min(there)];
    if !bytes.is_empty() {
        io.read_exact(FileId::Volume, offset, &mut bytes)?;
    }
    Ok(bytes)
}

/// The replay of what the logs hold beyond a root.
struct Replay {
    database_id: [u8; 16],
    flushed_seq: u64,
    closed_epoch: u64,
    live_epoch: u64,
    /// Epochs found beyond the closed ones, oldest first.
    epochs: Vec<(FileId, Header)>,
    files: [Epoch; 2],
    newest_epoch: u64,
    reserved_seq: u64,
    table: Memtable,
    catalog: CatalogState,
    visible_seq: u64,
}

impl Replay {
    fn new(current: &Candidate, superblock: &Superblock) -> Self {
        let root = &current.root;
        Self {
            database_id: superblock.database_id,
            flushed_seq: root.flushed_seq,
            closed_epoch: root.closed_epoch,
            live_epoch: root.live_epoch,
            epochs: Vec::new(),
            files: [Epoch::default(); 2],
            newest_epoch: root.live_epoch.max(root.closed_epoch),
            reserved_seq: 0,
            table: Memtable::default(),
            catalog: current.manifest.catalog.clone(),
            visible_seq: root.flushed_seq,
        }
    }

    fn run<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        self.find_epochs(io)?;
        let epochs = std::mem::take(&mut self.epochs);
        for (at, (file, header)) in epochs.iter().enumerate() {
            let through = epochs.get(at + 1).map(|(_, next)| next.prev_last_seq);
            self.replay_epoch(io, *file, header, through)?;
        }
        Ok(())
    }

    /// Reads the headers. Every epoch that the root speaks of and that is not closed must be there:
    /// an epoch's frames are acknowledged only after a root has named it.
    fn find_epochs<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        for (at, file) in [FileId::LogA, FileId::LogB].into_iter().enumerate() {
            // A header that cannot be read was either being written when the power went, and then
            // no root names its epoch, or its epoch is found to be lost below.
            if let HeaderState::Valid(header) = log::read_header(io, file, &self.database_id)? {
                self.newest_epoch = self.newest_epoch.max(header.epoch);
                if let Some(epoch) = self.files.get_mut(at) {
                    *epoch = Epoch { number: header.epoch, last_seq: header.prev_last_seq };
                }
                if header.epoch > self.closed_epoch {
                    self.epochs.push((file, header));
                }
            }
        }
        let epoch = |at: usize| self.epochs.get(at).map(|(_, header)| header.epoch);
        if epoch(1).is_some_and(|second| Some(second) < epoch(0)) {
            self.epochs.reverse();
        }
        let mut expected = self.closed_epoch + 1;
        for (file, header) in &self.epochs {
            if header.epoch != expected {
                return Err(lost(*file, 0, self.flushed_seq + 1));
            }
            expected += 1;
        }
        if self.live_epoch >= expected {
            return Err(lost(FileId::LogA, 0, self.flushed_seq + 1));
        }
        Ok(())
    }

    fn replay_epoch<S: Storage>(
        &mut self,
        io: &Io<S>,
        file: FileId,
        header: &Header,
        through: Option<u64>,
    ) -> Result<()> {
        if header.prev_last_seq > self.visible_seq {
            return Err(lost(file, 0, self.visible_seq + 1));
        }
        self.reserved_seq = self.reserved_seq.max(header.reserved_through);
        let tail = log::replay(io, file, header, through, |frame| self.apply(frame))?;
        self.visible_seq = self.visible_seq.max(tail.last_seq);
        if let Some(epoch) = self.files.iter_mut().find(|epoch| epoch.number == header.epoch) {
            epoch.last_seq = tail.last_seq;
        }
        Ok(())
    }

    /// Enters what a frame holds beyond the segments.
    fn apply(&mut self, frame: &FrameView<'_>) -> Result<()> {
        // The manifest's catalog is at least as new as what it has flushed.
        if let Some(catalog) = frame.catalog().filter(|_| frame.first_seq() > self.flushed_seq) {
            self.catalog = CatalogState::decode(catalog)?;
        }
        for commit in frame.commits() {
            let commit = commit?;
            if commit.seq() > self.flushed_seq {
                for (key, kind, value) in commit.entries() {
                    self.table.insert(key, commit.seq(), kind, value)?;
                }
            }
        }
        Ok(())
    }

    fn logs(&self, root: &Root) -> Logs {
        Logs::new(self.files, self.newest_epoch, root.closed_epoch, self.reserved_seq)
    }

    /// After a clean end every id in use is in the manifest.
    fn skipped_ids(&self) -> u64 {
        if self.live_epoch > self.closed_epoch || self.newest_epoch > self.closed_epoch {
            SEGMENT_IDS_SKIPPED
        } else {
            0
        }
    }
}

#[cold]
fn lost(file: FileId, offset: u64, seq: u64) -> Error {
    Error::corrupt(
        file.name(),
        offset,
        "the log does not hold the commits that follow the last root",
    )
    .with(|details| details.seq = Some(seq))
}
