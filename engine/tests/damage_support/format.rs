//! A reader of the format of its own, written from `FORMAT.md`: which bytes of an image mean
//! something, what they are, and how they are sealed.

use ciborium::Value;
use entidb::storage::FileId;
use entidb::storage::fault::Image;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

const ROOTS: [usize; 2] = [8192, 12288];
const ROOT_COPIES: [usize; 2] = [0, 2048];
const HEADERS: [usize; 2] = [0, 512];

/// What a stretch of bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Superblock,
    Root,
    Manifest,
    Header,
    Frame {
        epoch: u64,
    },
    /// A sealed block of a kind, in a segment and at an offset of it.
    Block {
        kind: u8,
        segment: u64,
        offset: u32,
    },
}

/// A stretch of bytes under one checksum.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    pub file: FileId,
    pub at: usize,
    pub len: usize,
    pub part: Part,
}

impl Region {
    pub fn end(&self) -> usize {
        self.at + self.len
    }
}

/// A frame of the newest epoch.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub at: usize,
    pub end: usize,
    pub first_seq: u64,
    pub durable_seq: u64,
}

/// What an image holds.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub regions: Vec<Region>,
    /// The newest epoch, if it is not closed: its file and its frames.
    pub tail: Option<(FileId, Vec<Frame>)>,
    /// For each segment: id, and the first five bytes of its keys.
    pub prefixes: Vec<(u64, Vec<u8>)>,
}

struct Root {
    at: usize,
    generation: u64,
    manifest: (usize, usize),
    closed_epoch: u64,
}

impl Layout {
    pub fn of(image: &Image) -> Self {
        let mut layout = Self::default();
        let volume = image.file(FileId::Volume);
        for at in [0, 4096] {
            layout.add(FileId::Volume, at, 132, Part::Superblock);
        }
        let mut roots: Vec<Root> = ROOTS.iter().filter_map(|at| root(volume, *at)).collect();
        roots.sort_by_key(|root| root.generation);
        let mut manifests = Vec::new();
        for root in &roots {
            for copy in ROOT_COPIES {
                layout.add(FileId::Volume, root.at + copy, 104, Part::Root);
            }
            if !manifests.contains(&root.manifest) {
                manifests.push(root.manifest);
                layout.add(FileId::Volume, root.manifest.0, root.manifest.1, Part::Manifest);
            }
        }
        let newest = roots.last().unwrap();
        layout.segments(volume, newest.manifest);
        layout.logs(image, newest.closed_epoch);
        layout
    }

    fn add(&mut self, file: FileId, at: usize, len: usize, part: Part) {
        self.regions.push(Region { file, at, len, part });
    }

    /// The region that a byte belongs to.
    pub fn region_at(&self, file: FileId, at: usize) -> Option<&Region> {
        self.regions.iter().find(|r| r.file == file && (r.at..r.end()).contains(&at))
    }

    pub fn live_bytes(&self) -> usize {
        self.regions.iter().map(|region| region.len).sum()
    }

    fn segments(&mut self, volume: &[u8], manifest: (usize, usize)) {
        let unit_bytes = u32_at(volume, 32) as usize;
        let units_start = (16384 + 2 * u32_at(volume, 40) as usize).next_multiple_of(unit_bytes);
        let message = decoded(volume, manifest);
        for segment in segments_of(&message) {
            let id = number(&segment[0]);
            let units: Vec<usize> = list(&segment[1]).iter().map(|u| number(u) as usize).collect();
            let place = |offset: u32| {
                let offset = offset as usize;
                units_start + units[offset / unit_bytes] * unit_bytes + offset % unit_bytes
            };
            let min_key = list(&segment[5])[0].as_bytes().unwrap();
            self.prefixes.push((id, min_key[..5].to_vec()));
            let footer = list(&segment[3]);
            let mut blocks = vec![(4, pointer(&footer[0], &footer[1]))];
            let payload = payload(volume, place(blocks[0].1.0), blocks[0].1.1);
            let root = (u32_at(payload, 48), u32_at(payload, 52) as usize);
            let mut rest = &payload[56..];
            let levels = varint(&mut rest);
            for _ in 0..varint(&mut rest) {
                varint(&mut rest);
            }
            for _ in 0..6 {
                varint(&mut rest);
            }
            for _ in 0..2 {
                let len = varint(&mut rest) as usize;
                rest = &rest[len..];
            }
            for _ in 0..varint(&mut rest) {
                let offset = u32::try_from(varint(&mut rest)).unwrap();
                blocks.push((3, (offset, varint(&mut rest) as usize)));
            }
            let mut level = vec![root];
            for _ in 0..levels {
                blocks.extend(level.iter().map(|ptr| (2, *ptr)));
                let below =
                    |ptr: &(u32, usize)| pointers(self::payload(volume, place(ptr.0), ptr.1));
                level = level.iter().flat_map(below).collect();
            }
            blocks.extend(level.into_iter().map(|ptr| (1, ptr)));
            for (kind, (offset, len)) in blocks {
                let part = Part::Block { kind, segment: id, offset };
                self.add(FileId::Volume, place(offset), len, part);
            }
        }
    }

    fn logs(&mut self, image: &Image, closed_epoch: u64) {
        let mut newest = 0;
        for file in [FileId::LogA, FileId::LogB] {
            let bytes = image.file(file);
            let epoch = if bytes.len() < 1024 { 0 } else { u64_at(bytes, 32) };
            if epoch <= closed_epoch {
                continue;
            }
            for at in HEADERS {
                self.add(file, at, 512, Part::Header);
            }
            let frames = frames(bytes, epoch);
            for frame in &frames {
                self.add(file, frame.at, frame.end - frame.at, Part::Frame { epoch });
            }
            if epoch > newest {
                newest = epoch;
                self.tail = Some((file, frames));
            }
        }
    }
}

/// Makes the checksum of a region right again, and those of what speaks of it.
pub fn reseal(image: &mut Image, region: &Region) {
    let bytes = &mut image.file_mut(region.file)[region.at..region.end()];
    match region.part {
        Part::Superblock => put_crc(bytes, 128, &[]),
        Part::Root => put_crc(bytes, 96, &[]),
        Part::Header => put_crc(bytes, 508, &[]),
        Part::Frame { epoch } => {
            let mut hasher = crc32fast::Hasher::new();
            hasher.update(&epoch.to_le_bytes());
            hasher.update(&(region.at as u64).to_le_bytes());
            hasher.update(&bytes[..32]);
            hasher.update(&bytes[40..]);
            bytes[32..36].copy_from_slice(&hasher.finalize().to_le_bytes());
        }
        Part::Block { kind, segment, offset } => {
            let (body, seal) = bytes.split_at_mut(region.len - 8);
            let hash = xxh3_64_with_seed(body, segment << 24 | u64::from(offset));
            seal.copy_from_slice(&hash.to_le_bytes());
            if kind == 4 {
                relist(image, segment, hash);
            }
        }
        Part::Manifest => reroot(image, region.at, region.len),
    }
}

/// Puts another hash of a footer into every manifest that lists the segment.
fn relist(image: &mut Image, segment: u64, hash: u64) {
    let volume = image.file(FileId::Volume);
    let mut manifests: Vec<_> =
        ROOTS.iter().filter_map(|at| root(volume, *at)).map(|root| root.manifest).collect();
    manifests.dedup();
    for manifest in manifests {
        let mut message = decoded(image.file(FileId::Volume), manifest);
        let levels = &mut message.as_map_mut().unwrap()[1].1;
        for level in levels.as_array_mut().unwrap() {
            for run in level.as_array_mut().unwrap() {
                for listed in run.as_array_mut().unwrap() {
                    let listed = listed.as_array_mut().unwrap();
                    if number(&listed[0]) == segment {
                        listed[4] = Value::from(hash);
                    }
                }
            }
        }
        let mut bytes = Vec::new();
        ciborium::into_writer(&message, &mut bytes).unwrap();
        let volume = image.file_mut(FileId::Volume);
        volume[manifest.0..manifest.0 + bytes.len()].copy_from_slice(&bytes);
        reroot(image, manifest.0, bytes.len());
    }
}

/// Has every root that points at a manifest say what it holds.
fn reroot(image: &mut Image, manifest: usize, len: usize) {
    let volume = image.file_mut(FileId::Volume);
    let hash = xxh3_64(&volume[manifest..manifest + len]);
    for slot in ROOTS {
        for copy in ROOT_COPIES {
            let bytes = &mut volume[slot + copy..slot + copy + 104];
            if u64_at(bytes, 16) as usize == manifest && bytes.starts_with(b"EntiRoot") {
                bytes[24..28].copy_from_slice(&u32::try_from(len).unwrap().to_le_bytes());
                bytes[32..40].copy_from_slice(&hash.to_le_bytes());
                put_crc(bytes, 96, &[]);
            }
        }
    }
}

fn put_crc(bytes: &mut [u8], at: usize, before: &[u8]) {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(before);
    hasher.update(&bytes[..at]);
    bytes[at..at + 4].copy_from_slice(&hasher.finalize().to_le_bytes());
}

fn root(volume: &[u8], at: usize) -> Option<Root> {
    let bytes = ROOT_COPIES.iter().map(|copy| &volume[at + copy..at + copy + 104]);
    let bytes = bytes.into_iter().find(|bytes| u32_at(bytes, 96) == crc32fast::hash(&bytes[..96]));
    let bytes = bytes.filter(|bytes| bytes.starts_with(b"EntiRoot"))?;
    let manifest = (u64_at(bytes, 16) as usize, u32_at(bytes, 24) as usize);
    let is_sound = volume
        .get(manifest.0..manifest.0 + manifest.1)
        .is_some_and(|manifest| xxh3_64(manifest) == u64_at(bytes, 32));
    let (generation, closed_epoch) = (u64_at(bytes, 8), u64_at(bytes, 56));
    is_sound.then_some(Root { at, generation, manifest, closed_epoch })
}

fn frames(bytes: &[u8], epoch: u64) -> Vec<Frame> {
    let (mut frames, mut at) = (Vec::new(), 1024);
    while let Some(head) = bytes.get(at..at + 40) {
        let end = at + 40 + u32_at(head, 0) as usize;
        let Some(frame) = bytes.get(at..end) else { break };
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&epoch.to_le_bytes());
        hasher.update(&(at as u64).to_le_bytes());
        hasher.update(&frame[..32]);
        hasher.update(&frame[40..]);
        if hasher.finalize() != u32_at(head, 32) || u32_at(head, 24) == 0 {
            break;
        }
        let (first_seq, durable_seq) = (u64_at(head, 8), u64_at(head, 16));
        frames.push(Frame { at, end, first_seq, durable_seq });
        at = end;
    }
    frames
}

fn decoded(volume: &[u8], (at, len): (usize, usize)) -> Value {
    ciborium::from_reader(&volume[at..at + len]).unwrap()
}

fn segments_of(manifest: &Value) -> Vec<&[Value]> {
    let levels = list(&manifest.as_map().unwrap()[1].1);
    let runs = levels.iter().flat_map(list);
    runs.flat_map(list).map(|segment| segment.as_array().unwrap().as_slice()).collect()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn number(value: &Value) -> u64 {
    u64::try_from(value.as_integer().unwrap()).unwrap()
}

fn pointer(offset: &Value, len: &Value) -> (u32, usize) {
    (u32::try_from(number(offset)).unwrap(), number(len) as usize)
}

fn payload(volume: &[u8], at: usize, sealed_len: usize) -> &[u8] {
    &volume[at..at + sealed_len - 10]
}

/// The pointers in an index block.
fn pointers(block: &[u8]) -> Vec<(u32, usize)> {
    let restarts = u16::from_le_bytes(*block.last_chunk().unwrap()) as usize;
    let mut rest = &block[..block.len() - 2 * (restarts + 1)];
    let mut pointers = Vec::new();
    while !rest.is_empty() {
        varint(&mut rest);
        let unshared = varint(&mut rest) as usize;
        let value_len = (varint(&mut rest) >> 2) as usize;
        varint(&mut rest);
        let mut value = &rest[unshared..unshared + value_len];
        rest = &rest[unshared + value_len..];
        let offset = u32::try_from(varint(&mut value)).unwrap();
        pointers.push((offset, varint(&mut value) as usize));
    }
    pointers
}

fn varint(rest: &mut &[u8]) -> u64 {
    let (mut n, mut shift) = (0, 0);
    while let [byte, more @ ..] = *rest {
        *rest = more;
        n |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    n
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}
