//! The manifest: everything a root points at, as one message.

use super::segment::SegmentMeta;
use crate::codec::bytes::Reader;
use crate::codec::cbor::{put_bytes, put_text, unsigned};
use crate::codec::message::{Fields, bytes, list, put_list, put_map, put_unsigned, tuple};
use crate::error::{Error, ErrorKind, Result};

/// A version with all that rides along. FORMAT.md, section 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Manifest {
    /// The next segment gets this id.
    pub next_segment_id: u64,
    /// Levels, their runs, their segments.
    pub levels: Vec<Vec<Vec<SegmentMeta>>>,
    /// What the database layer keeps beside its entries, and what it no longer counts.
    pub catalog: CatalogState,
}

/// The catalog as it stands at a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CatalogState {
    /// Bytes of the database layer.
    pub bytes: Vec<u8>,
    /// Prefixes whose entries no longer count, each with the commit that retired it.
    pub retired: Vec<(Vec<u8>, u64)>,
}

impl Manifest {
    pub fn encode(&self, max: usize) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        put_map(&mut out, 3);
        put_text(&mut out, "next_segment_id");
        put_unsigned(&mut out, self.next_segment_id);
        put_text(&mut out, "levels");
        put_list(&mut out, self.levels.len());
        for level in &self.levels {
            put_list(&mut out, level.len());
            for run in level {
                put_list(&mut out, run.len());
                for segment in run {
                    segment.put(&mut out);
                }
            }
        }
        put_text(&mut out, "catalog");
        self.catalog.put(&mut out);
        if out.len() > max {
            let message = format!(
                "the list of segments and collections has {} bytes, the manifest area {max}",
                out.len()
            );
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        Ok(out)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self> {
        whole(bytes, Self::read, "the manifest cannot be read")
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let mut fields = Fields::start(reader)?;
        fields.name(reader, "next_segment_id")?;
        let next_segment_id = unsigned(reader)?;
        fields.name(reader, "levels")?;
        let levels = list(reader, |level| list(level, |run| list(run, SegmentMeta::read)))?;
        fields.name(reader, "catalog")?;
        let catalog = CatalogState::read(reader)?;
        fields.finish(reader)?;
        Ok(Self { next_segment_id, levels, catalog })
    }
}

impl CatalogState {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.put(&mut out);
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<Self> {
        whole(bytes, Self::read, "a catalog frame cannot be read")
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_map(out, 2);
        put_text(out, "bytes");
        put_bytes(out, &self.bytes);
        put_text(out, "retired");
        put_list(out, self.retired.len());
        for (prefix, seq) in &self.retired {
            put_list(out, 2);
            put_bytes(out, prefix);
            put_unsigned(out, *seq);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let mut fields = Fields::start(reader)?;
        fields.name(reader, "bytes")?;
        let catalog = bytes(reader)?;
        fields.name(reader, "retired")?;
        let retired = list(reader, |pair| {
            tuple(pair, 2)?;
            Ok((bytes(pair)?, unsigned(pair)?))
        })?;
        fields.finish(reader)?;
        Ok(Self { bytes: catalog, retired })
    }
}

fn whole<T>(bytes: &[u8], read: impl Fn(&mut Reader<'_>) -> Result<T>, what: &str) -> Result<T> {
    let mut reader = Reader::new(bytes);
    match read(&mut reader) {
        Ok(message) if reader.is_empty() => Ok(message),
        _ => Err(Error::decode(what)),
    }
}

#[cfg(test)]
mod tests {
    use ciborium::{Value, cbor};

    use super::*;
    use crate::kv::segment::BlockPtr;

    fn sample() -> Manifest {
        let segment = SegmentMeta {
            id: 1 << 60,
            units: vec![3, 700],
            len: 80_000,
            footer: BlockPtr { offset: 79_000, len: 1000 },
            footer_hash: u64::MAX,
            min_key: vec![1, 2],
            max_key: vec![0xff; 30],
            base_seq: 24,
            max_seq: 1 << 40,
            entries: 23,
            tombstones: 0,
            raw_bytes: 1 << 33,
        };
        let catalog = CatalogState { bytes: vec![7; 300], retired: vec![(vec![1, 0], 9)] };
        let levels = vec![vec![vec![segment.clone()], vec![]], vec![], vec![vec![segment; 2]]];
        Manifest { next_segment_id: u64::MAX, levels, catalog }
    }

    fn bytes_of(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        ciborium::into_writer(value, &mut bytes).unwrap();
        bytes
    }

    fn expected(extra: bool) -> Vec<u8> {
        let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
        let segment = cbor!([
            1_u64 << 60,
            [3, 700],
            80_000,
            [79_000, 1000],
            u64::MAX,
            [bytes(&[1, 2]), bytes(&[0xff; 30])],
            [24, 1_u64 << 40, 23, 0, 1_u64 << 33],
        ])
        .unwrap();
        let catalog =
            cbor!({ "bytes" => bytes(&[7; 300]), "retired" => [[bytes(&[1, 0]), 9]] }).unwrap();
        let mut value = cbor!({
            "next_segment_id" => u64::MAX,
            "levels" => [[[segment], []], [], [[segment, segment]]],
            "catalog" => catalog,
        })
        .unwrap();
        if extra {
            value.as_map_mut().unwrap().push((cbor!("later").unwrap(), cbor!([{}]).unwrap()));
        }
        bytes_of(&value)
    }

    #[test]
    fn a_manifest_is_the_message_that_the_format_describes() {
        let bytes = sample().encode(usize::MAX).unwrap();
        assert_eq!(bytes, expected(false));
        assert_eq!(Manifest::decode(&bytes).unwrap(), sample());
        assert_eq!(Manifest::decode(&expected(true)).unwrap(), sample(), "fields of a later minor");
        assert_eq!(sample().encode(bytes.len() - 1).unwrap_err().kind(), ErrorKind::LimitExceeded);
    }

    #[test]
    fn a_manifest_that_is_cut_off_or_goes_on_is_damaged() {
        let mut bytes = sample().encode(usize::MAX).unwrap();
        for end in 0..bytes.len() {
            let error = Manifest::decode(bytes.get(..end).unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{end}");
        }
        bytes.push(0);
        assert_eq!(Manifest::decode(&bytes).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn a_catalog_frame_reads_back() {
        let state = sample().catalog;
        assert_eq!(CatalogState::decode(&state.encode()).unwrap(), state);
    }
}
