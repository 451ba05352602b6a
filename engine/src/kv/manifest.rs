//! The manifest: everything a root points at, as one message.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::segment::SegmentMeta;
use crate::error::{Error, ErrorKind, Result};

/// A version with all that rides along. FORMAT.md, section 5.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The next segment gets this id.
    pub next_segment_id: u64,
    /// Levels, their runs, their segments.
    pub levels: Vec<Vec<Vec<SegmentMeta>>>,
    /// What the database layer keeps beside its entries, and what it no longer counts.
    pub catalog: CatalogState,
}

/// The catalog as it stands at a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CatalogState {
    /// Bytes of the database layer.
    pub bytes: ByteBuf,
    /// Prefixes whose entries no longer count, each with the commit that retired it.
    pub retired: Vec<(ByteBuf, u64)>,
}

impl Manifest {
    pub fn encode(&self, max: usize) -> Result<Vec<u8>> {
        let bytes = encode(self)?;
        if bytes.len() > max {
            let message = format!(
                "the list of segments and collections has {} bytes, the manifest area {max}",
                bytes.len()
            );
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        Ok(bytes)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self> {
        decode(bytes, "the manifest cannot be read")
    }
}

impl CatalogState {
    pub fn encode(&self) -> Result<Vec<u8>> {
        encode(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self> {
        decode(bytes, "a catalog frame cannot be read")
    }
}

fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ciborium::into_writer(message, &mut bytes)
        .map_err(|error| Error::new(ErrorKind::Io, format!("a message was not encoded: {error}")))?;
    Ok(bytes)
}

fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8], what: &str) -> Result<T> {
    let mut rest = bytes;
    let message = ciborium::from_reader(&mut rest).map_err(|_| Error::decode(what))?;
    if rest.is_empty() { Ok(message) } else { Err(Error::decode(what)) }
}
