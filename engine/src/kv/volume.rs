//! The volume: the version that counts, how it is replaced, and the units that segments lie in.

use std::sync::Arc;

use entidb_hot::hash::xxh3_64;

use super::io::Io;
use super::manifest::{CatalogState, Manifest};
use super::root::{ROOT_COPY_OFFSET, Root};
use super::segment::Segment;
use super::superblock::{self, ROOTS_OFFSET, SLOT_BYTES, Superblock};
use super::units::{Lease, Units};
use super::version::{Run, Version};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::KEY_PREFIX_BYTES;
use crate::options::{Durability, Geometry};
use crate::storage::{FileId, Storage, Synced};

/// Units the volume grows by at least: growing is slow, and the platform rounds up anyway.
const GROWTH_UNITS_MIN: u32 = 4;
/// Units the volume grows by at most, so that a full storage is not asked for more than it has.
const GROWTH_UNITS_MAX: u32 = 64;

/// How far a root says that things have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub flushed_seq: u64,
    pub reserved_seq: u64,
    pub closed_epoch: u64,
    pub live_epoch: u64,
}

/// The one data file.
#[derive(Debug)]
pub(crate) struct Volume {
    superblock: Superblock,
    root: Root,
    /// The slot that `root` lies in; the next one goes to the other.
    slot: u64,
    /// What `root` lists.
    version: Arc<Version>,
    /// What the other slot's root lists: its units stay untouched, so that it can be fallen back
    /// to.
    previous: Arc<Version>,
    units: Units,
    /// The storage is full: what was to spare is in the file now, and free.
    is_claimed: bool,
    rewriting_units: u64,
    spaces: u64,
    next_segment_id: u64,
}

impl Volume {
    /// Puts together what recovery found.
    pub fn new(
        superblock: Superblock,
        (root, slot): (Root, u64),
        version: Version,
        previous: Option<Version>,
        next_segment_id: u64,
    ) -> Self {
        let version = Arc::new(version);
        let previous = previous.map_or_else(|| Arc::clone(&version), Arc::new);
        Self {
            superblock,
            root,
            slot,
            version,
            previous,
            units: Units::default(),
            is_claimed: false,
            rewriting_units: 1,
            spaces: 0,
            next_segment_id,
        }
    }

    /// Makes an empty volume: the manifest and the first root are durable before the first
    /// superblock, and that before the second, so that a volume without any is one that nobody
    /// was told of.
    pub fn create<S: Storage>(io: &Io<S>, superblock: Superblock) -> Result<(Self, Synced)> {
        let geometry = &superblock.geometry;
        if io.len(FileId::Volume)? > 0 {
            // What an earlier attempt left must not be mistaken for a part of this one.
            io.set_len(FileId::Volume, 0)?;
            let _ordered = io.sync(FileId::Volume, Durability::Strict)?;
        }
        io.set_len(FileId::Volume, superblock::units_start(geometry))?;
        let root = Root { database_id: superblock.database_id, ..Root::default() };
        let version = Version::default();
        let mut volume = Self::new(superblock, (root, 1), version, None, 1);
        let mut synced =
            volume.commit(io, Version::default(), &CatalogState::default(), Mark::default())?;
        let bytes = superblock.encode();
        for copy in 0..2 {
            io.write(FileId::Volume, copy * SLOT_BYTES, &bytes)?;
            synced = io.sync(FileId::Volume, Durability::Strict)?;
        }
        Ok((volume, synced))
    }

    /// Takes stock of the units once the length of the file is known.
    pub fn take_stock<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        let units_bytes = io.len(FileId::Volume)?.saturating_sub(self.units_start());
        let count = units_bytes / u64::from(self.geometry().unit_bytes);
        let count = u32::try_from(count)
            .map_err(|_| Error::corrupt("volume", 0, "the file is longer than any volume"))?;
        let past_end = |unit: &u32| *unit >= count;
        if let Some(unit) =
            self.version.segments().find_map(|s| s.meta().units.iter().copied().find(past_end))
        {
            let offset = self.units_start() + u64::from(unit) * self.unit_bytes();
            return Err(Error::corrupt("volume", offset, "the file ends before a live segment"));
        }
        self.count_units(count);
        Ok(())
    }

    pub fn superblock(&self) -> &Superblock {
        &self.superblock
    }

    pub fn geometry(&self) -> &Geometry {
        &self.superblock.geometry
    }

    pub fn units_start(&self) -> u64 {
        superblock::units_start(self.geometry())
    }

    pub fn version(&self) -> &Arc<Version> {
        &self.version
    }

    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Where the root that counts lies.
    pub fn root_offset(&self) -> u64 {
        ROOTS_OFFSET + self.slot * SLOT_BYTES
    }

    /// The next segment's id; never the same again.
    pub fn take_segment_id(&mut self) -> u64 {
        self.next_segment_id += 1;
        self.next_segment_id - 1
    }

    /// A free unit under `lease`; grows the file where there is none, if it could by `spare` more.
    pub fn take_unit<S: Storage>(&mut self, io: &Io<S>, lease: &Lease, spare: u64) -> Result<u32> {
        if let Some(unit) = self.units.take(lease) {
            return Ok(unit);
        }
        self.recount()?;
        if let Some(unit) = self.units.take(lease) {
            return Ok(unit);
        }
        self.grow(io, 1, spare)?;
        self.units.take(lease).ok_or_else(full)
    }

    /// Units that a merge takes at most which gives back at least as many: it rewrites one segment.
    pub fn rewriting_units(&self) -> u64 {
        self.rewriting_units
    }

    /// Collections and indexes of which a run has anything, at most.
    pub fn spaces(&self) -> u64 {
        self.spaces
    }

    /// Whether the older root lists another version, and so holds units that this one does not.
    pub fn holds_previous(&self) -> bool {
        !Arc::ptr_eq(&self.version, &self.previous)
    }

    /// Units that are free.
    pub fn free_units(&self) -> u64 {
        self.units.free()
    }

    /// Makes sure that `units` units are free. Beyond those, `spare` more could be had: as long as
    /// the file can grow it is tried whether it could grow so far, and from then on they are kept.
    pub fn reserve<S: Storage>(&mut self, io: &Io<S>, units: u64, spare: u64) -> Result<()> {
        for _ in 0..2 {
            let wanted = if self.is_claimed { units.saturating_add(spare) } else { units };
            if self.units.free() >= wanted {
                return Ok(());
            }
            self.recount()?;
            let lacking = wanted.saturating_sub(self.units.free());
            if lacking == 0 {
                return Ok(());
            }
            let too_many =
                |_| Error::new(ErrorKind::LimitExceeded, "the volume cannot grow so far");
            let lacking = u32::try_from(lacking).map_err(too_many)?;
            let spare = if self.is_claimed { 0 } else { spare };
            match self.grow(io, lacking, spare) {
                Err(error) if error.kind() == ErrorKind::QuotaExceeded && !self.is_claimed => {
                    self.claim(io, spare)?;
                }
                grown => return grown,
            }
        }
        Err(full())
    }

    /// Takes what is still to be had of `spare` units.
    fn claim<S: Storage>(&mut self, io: &Io<S>, spare: u64) -> Result<()> {
        self.is_claimed = true;
        for more in (1..=u32::try_from(spare).unwrap_or(0)).rev() {
            match self.grow_by(io, more) {
                Err(error) if error.kind() == ErrorKind::QuotaExceeded => {}
                grown => return grown,
            }
        }
        Ok(())
    }

    /// Replaces the version: manifest, sync, root, sync. Whatever `version` lists has been written.
    /// With `LimitExceeded` and `QuotaExceeded` the version that counts is still the old one.
    pub fn commit<S: Storage>(
        &mut self,
        io: &Io<S>,
        version: Version,
        catalog: &CatalogState,
        mark: Mark,
    ) -> Result<Synced> {
        let area = u64::from(self.geometry().manifest_area_bytes);
        let manifest = Manifest {
            next_segment_id: self.next_segment_id,
            levels: version.to_metas(),
            catalog: catalog.clone(),
        };
        let bytes = manifest.encode(usize::try_from(area).unwrap_or(usize::MAX))?;
        let first = superblock::manifest_offset(self.geometry(), 0);
        let offset = if self.root.manifest_offset == first { first + area } else { first };
        io.write(FileId::Volume, offset, &bytes)?;
        // Barriers complete in order: whoever waits for the root has waited for this one as well.
        let _ = io.sync(FileId::Volume, Durability::Strict)?;
        let root = Root {
            manifest_offset: offset,
            manifest_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            manifest_hash: xxh3_64(&bytes),
            ..self.root
        };
        let synced = self.write_root(io, root, mark)?;
        self.previous = std::mem::replace(&mut self.version, Arc::new(version));
        self.recount()?;
        Ok(synced)
    }

    /// Writes a root over the same manifest.
    pub fn mark<S: Storage>(&mut self, io: &Io<S>, mark: Mark) -> Result<Synced> {
        let synced = self.write_root(io, self.root, mark)?;
        self.previous = Arc::clone(&self.version);
        self.recount()?;
        Ok(synced)
    }

    /// Writes superblocks where one is damaged or missing, and the root that counts once more where
    /// it is.
    pub fn rewrite_head<S: Storage>(&self, io: &Io<S>) -> Result<Synced> {
        let slot = ROOTS_OFFSET + self.slot * SLOT_BYTES;
        let superblocks = Copies::find(io, [0, SLOT_BYTES], self.superblock.encode())?;
        let roots = Copies::find(io, [slot, slot + ROOT_COPY_OFFSET as u64], self.root.encode())?;
        if !superblocks.are_sound() {
            let _ordered = superblocks.write(io)?;
        }
        roots.write(io)
    }

    /// Cuts off the units behind the last one in use.
    pub fn trim<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        self.recount()?;
        let reach = self.units.in_reach() as u64;
        if reach < u64::from(self.units.count()?) {
            self.set_units(io, reach)?;
            self.is_claimed = false;
            self.take_stock(io)?;
        }
        Ok(())
    }

    /// Bytes of all units in use.
    pub fn used_bytes(&self) -> u64 {
        let count = u64::from(self.units.count().unwrap_or(u32::MAX));
        count.saturating_sub(self.units.free()) * self.unit_bytes()
    }

    fn write_root<S: Storage>(&mut self, io: &Io<S>, root: Root, mark: Mark) -> Result<Synced> {
        let root = Root {
            generation: root.generation + 1,
            flushed_seq: mark.flushed_seq,
            reserved_seq: mark.reserved_seq,
            closed_epoch: mark.closed_epoch,
            live_epoch: mark.live_epoch,
            ..root
        };
        let slot = 1 - self.slot;
        let written =
            io.write(FileId::Volume, ROOTS_OFFSET + slot * SLOT_BYTES, &root.encode_slot());
        // Whatever the reason, a part of the new root may be there.
        written.map_err(|error| match error.kind() {
            ErrorKind::QuotaExceeded => Error::new(ErrorKind::Io, error.message()),
            _ => error,
        })?;
        let synced = io.sync(FileId::Volume, Durability::Strict)?;
        (self.root, self.slot) = (root, slot);
        Ok(synced)
    }

    /// Makes the file longer by `at_least` units, where it could become longer by `spare` more.
    fn grow<S: Storage>(&mut self, io: &Io<S>, at_least: u32, spare: u64) -> Result<()> {
        let count = self.units.count()?;
        let step = (count / 8).clamp(GROWTH_UNITS_MIN, GROWTH_UNITS_MAX).max(at_least);
        let mut refused = full();
        for more in [step, at_least] {
            let reach = u64::from(count) + u64::from(more) + spare;
            let tried = if spare > 0 { self.set_units(io, reach) } else { Ok(()) };
            match tried.and_then(|()| self.grow_by(io, more)) {
                Err(error) if error.kind() == ErrorKind::QuotaExceeded => refused = error,
                grown => return grown,
            }
        }
        Err(refused)
    }

    fn grow_by<S: Storage>(&mut self, io: &Io<S>, more: u32) -> Result<()> {
        let count = self.units.count()?;
        self.set_units(io, u64::from(count) + u64::from(more))?;
        self.units.grow(more);
        Ok(())
    }

    fn set_units<S: Storage>(&self, io: &Io<S>, units: u64) -> Result<()> {
        io.set_len(FileId::Volume, self.units_start() + units * self.unit_bytes())
    }

    fn recount(&mut self) -> Result<()> {
        self.count_units(self.units.count()?);
        Ok(())
    }

    fn count_units(&mut self, count: u32) {
        self.units.rebuild(count, [&self.version, &self.previous]);
        let of_each = self.version.segments().map(|segment| segment.meta().units.len() as u64);
        self.rewriting_units = of_each.max().unwrap_or(0) + 1;
        let prefix = |s: &Arc<Segment>| s.meta().min_key.first_chunk::<KEY_PREFIX_BYTES>().copied();
        let spaces = |run: &Run| run.chunk_by(|a, b| prefix(a) == prefix(b)).count() as u64;
        self.spaces = self.version.runs().map(spaces).max().unwrap_or(0);
    }

    fn unit_bytes(&self) -> u64 {
        u64::from(self.geometry().unit_bytes)
    }
}

#[cold]
fn full() -> Error {
    let message = "the storage is full; delete documents, or make room elsewhere, and try again";
    Error::new(ErrorKind::QuotaExceeded, message)
}

/// The two copies of a part of the head, each of which may be the only one there is.
struct Copies {
    offsets: [u64; 2],
    sound: [bool; 2],
    bytes: Vec<u8>,
}

impl Copies {
    /// Looks where `bytes` is what is there.
    fn find<S: Storage>(io: &Io<S>, offsets: [u64; 2], bytes: Vec<u8>) -> Result<Self> {
        let mut sound = [false; 2];
        for (offset, sound) in offsets.into_iter().zip(&mut sound) {
            let mut found = vec![0; bytes.len()];
            io.read_exact(FileId::Volume, offset, &mut found)?;
            *sound = found == bytes;
        }
        Ok(Self { offsets, sound, bytes })
    }

    fn are_sound(&self) -> bool {
        self.sound == [true; 2]
    }

    /// Writes one copy after the other, and first the one that is not sound: a loss of power while
    /// the only sound one is written would leave none.
    fn write<S: Storage>(&self, io: &Io<S>) -> Result<Synced> {
        let mut offsets = self.offsets;
        if self.sound == [true, false] {
            offsets.reverse();
        }
        let mut synced = Synced::Done;
        for offset in offsets {
            io.write(FileId::Volume, offset, &self.bytes)?;
            synced = io.sync(FileId::Volume, Durability::Strict)?;
        }
        Ok(synced)
    }
}
