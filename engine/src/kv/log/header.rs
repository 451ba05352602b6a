//! The header of a log epoch. FORMAT.md, section 7.1.

use entidb_hot::crc32;

use crate::codec::bytes::Reader;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::io::Io;
use crate::kv::root::NUMBERS_END;
use crate::kv::superblock::{FORMAT_MAJOR, FORMAT_MINOR};
use crate::limits::LOG_HEAD_BYTES;
use crate::storage::{FileId, Storage};

/// Bytes of one copy: a sector of its own, so that one damaged sector does not lose the header.
pub(crate) const HEADER_BYTES: usize = 512;

const MAGIC: [u8; 8] = *b"EntiLogE";
const ROLE_LOG_A: u8 = 1;
const ROLE_LOG_B: u8 = 2;
const SALT_BYTES: usize = 16;
const CHECKSUM_OFFSET: usize = HEADER_BYTES - 4;
const _: () = assert!(LOG_HEAD_BYTES as usize == 2 * HEADER_BYTES);

/// What one life of a log file begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The database that the log belongs to.
    pub database_id: [u8; 16],
    /// Greater than that of every older epoch of either log.
    pub epoch: u64,
    /// The sequence number of the first commit.
    pub first_seq: u64,
    /// The last commit before this epoch. It was durable, in a log or in segments, before the
    /// header was written, and commits of older epochs beyond it were never acknowledged: they
    /// are dead.
    pub prev_last_seq: u64,
    /// The generation of the root at that time.
    pub generation: u64,
    /// The last sequence number that was reserved when the header was written.
    pub reserved_through: u64,
}

/// What lies where a log's header should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderState {
    /// Nothing, or zeros: the file was never used.
    Absent,
    /// A header; where the copies differ, that of the later epoch.
    Valid(Header),
    /// Neither copy is sound. A header is durable before a root names its epoch, and the root
    /// before a frame of it is acknowledged: where a root names an epoch that neither file has
    /// a header of, the file is damaged; else the header was being written when the power went,
    /// and nothing is lost.
    Damaged,
}

impl Header {
    /// Both copies, for the log `file`.
    pub fn encode(&self, file: FileId) -> Result<Vec<u8>> {
        let role = role_of(file)?;
        if !self.is_sound() {
            return Err(Error::invalid("an epoch begins at 1, and behind all earlier commits"));
        }
        let mut out = Vec::with_capacity(2 * HEADER_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT_MAJOR.to_le_bytes());
        out.extend_from_slice(&FORMAT_MINOR.to_le_bytes());
        out.extend_from_slice(&[role, 0, 0, 0]);
        out.extend_from_slice(&self.database_id);
        for number in
            [self.epoch, self.first_seq, self.prev_last_seq, self.generation, self.reserved_through]
        {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.resize(CHECKSUM_OFFSET, 0);
        let checksum = crc32::hash(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out.extend_from_within(..);
        Ok(out)
    }

    /// Decodes one copy. `VersionMismatch` only for a copy that is sound but newer.
    fn decode(bytes: &[u8]) -> Result<Self> {
        let (body, rest) = bytes
            .split_at_checked(CHECKSUM_OFFSET)
            .ok_or_else(|| Error::decode("the log has no header"))?;
        if !body.starts_with(&MAGIC) || Reader::new(rest).u32()? != crc32::hash(body) {
            return Err(Error::decode("the checksum of the log's header differs"));
        }
        let mut reader = Reader::new(body);
        reader.take(MAGIC.len())?;
        let is_newer = reader.u16()? != FORMAT_MAJOR;
        reader.u16()?;
        let role = reader.u8()?;
        reader.take(3)?;
        let database_id = reader.array()?;
        let mut numbers = [0; 5];
        for number in &mut numbers {
            *number = reader.u64()?;
        }
        let [epoch, first_seq, prev_last_seq, generation, reserved_through] = numbers;
        let is_encrypted = reader.array::<SALT_BYTES>()? != [0; SALT_BYTES] || reader.u64()? != 0;
        if is_newer || is_encrypted {
            let message = "a newer version wrote this log; open the database with that version";
            return Err(Error::new(ErrorKind::VersionMismatch, message));
        }
        let header =
            Self { database_id, epoch, first_seq, prev_last_seq, generation, reserved_through };
        let is_sound = header.is_sound() && (ROLE_LOG_A..=ROLE_LOG_B).contains(&role);
        is_sound.then_some(header).ok_or_else(|| Error::decode("no epoch begins like this"))
    }

    fn is_sound(&self) -> bool {
        let numbers = [self.epoch, self.generation, self.reserved_through];
        let leave_room = numbers.into_iter().all(|number| number < NUMBERS_END);
        leave_room && self.epoch > 0 && self.first_seq > self.prev_last_seq
    }
}

/// Reads the header of a log of the database `database_id`. Fails with `VersionMismatch` where a
/// newer version wrote it, and with `Corrupt` where the file is a log of another database. Names of
/// files are not durable everywhere, and nothing depends on them: that two logs were swapped does
/// not matter.
pub(crate) fn read_header<S: Storage>(
    io: &Io<S>,
    file: FileId,
    database_id: &[u8; 16],
) -> Result<HeaderState> {
    let len = io.len(file)?.min(u64::from(LOG_HEAD_BYTES));
    let mut head = [0; 2 * HEADER_BYTES];
    let there = usize::try_from(len).ok().and_then(|len| head.get_mut(..len));
    if let Some(there) = there.filter(|there| !there.is_empty()) {
        io.read_exact(file, 0, there)?;
    }
    if head.iter().all(|byte| *byte == 0) {
        return Ok(HeaderState::Absent);
    }
    let mut found: Option<Header> = None;
    for copy in head.chunks(HEADER_BYTES) {
        match Header::decode(copy) {
            Ok(header) => {
                let is_later = found.is_none_or(|found| found.epoch < header.epoch);
                found = if is_later { Some(header) } else { found };
            }
            Err(error) if error.kind() == ErrorKind::VersionMismatch => return Err(error),
            Err(_) => {}
        }
    }
    match found {
        Some(header) if header.database_id != *database_id => {
            Err(Error::corrupt(file.name(), 0, "the log belongs to another database"))
        }
        Some(header) => Ok(HeaderState::Valid(header)),
        None => Ok(HeaderState::Damaged),
    }
}

fn role_of(file: FileId) -> Result<u8> {
    match file {
        FileId::LogA => Ok(ROLE_LOG_A),
        FileId::LogB => Ok(ROLE_LOG_B),
        FileId::Volume => Err(Error::invalid("the volume is no log")),
    }
}
