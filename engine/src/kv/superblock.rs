//! The superblock: what a database is, written once. FORMAT.md, section 5.1.

use entidb_hot::crc32;

use crate::codec::bytes::Reader;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Geometry;

/// Bytes between the starts of the two superblocks, and of the two roots.
pub(crate) const SLOT_BYTES: u64 = 4096;
/// Bytes of a superblock that mean something.
pub(crate) const SUPERBLOCK_BYTES: usize = 132;
/// Where the first root begins, after two superblocks.
pub(crate) const ROOTS_OFFSET: u64 = 2 * SLOT_BYTES;
/// Where the first manifest area begins, after two roots.
pub(crate) const MANIFESTS_OFFSET: u64 = 4 * SLOT_BYTES;

const MAGIC: [u8; 8] = *b"ENTIDB\r\n";
/// A reader refuses every other major version.
pub(crate) const FORMAT_MAJOR: u16 = 1;
/// A reader takes every minor version of its major version.
pub(crate) const FORMAT_MINOR: u16 = 0;
const CHECKSUM_OFFSET: usize = 128;

/// What a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Superblock {
    pub database_id: [u8; 16],
    pub geometry: Geometry,
}

impl Superblock {
    pub fn encode(&self) -> Vec<u8> {
        let g = &self.geometry;
        let mut out = Vec::with_capacity(SUPERBLOCK_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT_MAJOR.to_le_bytes());
        out.extend_from_slice(&FORMAT_MINOR.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.database_id);
        for size in [
            g.unit_bytes,
            g.segment_units_max,
            g.manifest_area_bytes,
            g.log_bytes_min,
            g.log_bytes_max,
            g.memtable_bytes,
            g.block_bytes,
            g.chunk_bytes,
        ] {
            out.extend_from_slice(&size.to_le_bytes());
        }
        out.resize(CHECKSUM_OFFSET, 0);
        let checksum = crc32::hash(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Decodes one copy. `VersionMismatch` only for a copy that is sound but newer.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (body, rest) = bytes
            .split_at_checked(CHECKSUM_OFFSET)
            .ok_or_else(|| Error::decode("no superblock"))?;
        if !body.starts_with(&MAGIC) {
            return Err(Error::decode("this is not an EntiDB database"));
        }
        if Reader::new(rest).u32()? != crc32::hash(body) {
            return Err(Error::decode("the superblock's checksum differs"));
        }
        let mut reader = Reader::new(body);
        reader.take(MAGIC.len())?;
        let (major, minor) = (reader.u16()?, reader.u16()?);
        if major != FORMAT_MAJOR {
            let message = format!(
                "the database has format {major}.{minor}, this version reads {FORMAT_MAJOR}.x; \
                 open it with a newer version of entidb"
            );
            return Err(Error::new(ErrorKind::VersionMismatch, message));
        }
        reader.take(4)?;
        let database_id = reader.array()?;
        let geometry = Geometry {
            unit_bytes: reader.u32()?,
            segment_units_max: reader.u32()?,
            manifest_area_bytes: reader.u32()?,
            log_bytes_min: reader.u32()?,
            log_bytes_max: reader.u32()?,
            memtable_bytes: reader.u32()?,
            block_bytes: reader.u32()?,
            chunk_bytes: reader.u32()?,
        };
        geometry.validate().map_err(|_| Error::decode("the superblock's sizes do not fit"))?;
        Ok(Self { database_id, geometry })
    }
}

/// Where manifest area `area` (0 or 1) begins.
pub(crate) fn manifest_offset(geometry: &Geometry, area: u64) -> u64 {
    MANIFESTS_OFFSET + area * u64::from(geometry.manifest_area_bytes)
}

/// Where the first unit begins.
pub(crate) fn units_start(geometry: &Geometry) -> u64 {
    manifest_offset(geometry, 2).next_multiple_of(u64::from(geometry.unit_bytes))
}
