//! Verification of the files: head, logs, and every block of every segment, in steps.

use entidb_hot::hash::xxh3_64;

use super::Store;
use crate::error::{Error, Result};
use crate::kv::log::{self, Header, HeaderState};
use crate::kv::manifest::{CatalogState, Manifest};
use crate::kv::root::{ROOT_BYTES, ROOT_COPY_OFFSET, Root};
use crate::kv::segment::SegmentCheck;
use crate::kv::superblock::{ROOTS_OFFSET, SLOT_BYTES};
use crate::kv::verify::Findings;
use crate::limits::LOG_HEAD_BYTES;
use crate::storage::{FileId, Storage};

/// What comes next.
#[derive(Debug)]
enum Stage {
    Head,
    Logs,
    Segments,
    Done,
}

/// A verification under way. Writes may go on between its steps: a segment that is merged meanwhile
/// has been read by the merge, and what is written after the beginning is not looked at.
#[derive(Debug)]
pub struct Verification {
    stage: Stage,
    findings: Findings,
    /// Segments are taken in the order of their ids, up to the newest one of the beginning.
    newest: u64,
    last: Option<u64>,
    segment: Option<SegmentCheck>,
    bytes_total: u64,
}

impl Verification {
    /// What was found so far.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// What was found so far, to be added to.
    pub(crate) fn findings_mut(&mut self) -> &mut Findings {
        &mut self.findings
    }

    /// Bytes read, and bytes to read in all; an estimate.
    pub fn progress(&self) -> (u64, u64) {
        (self.findings.checked.bytes.min(self.bytes_total), self.bytes_total)
    }
}

impl<S: Storage> Store<S> {
    /// Begins a verification of everything that the files hold now.
    pub fn verify_begin(&self) -> Verification {
        let segments = || self.volume.version().segments().map(|segment| segment.meta());
        Verification {
            stage: Stage::Head,
            findings: Findings::default(),
            newest: segments().map(|meta| meta.id).max().unwrap_or(0),
            last: None,
            segment: None,
            bytes_total: segments().map(|meta| u64::from(meta.len)).sum::<u64>(),
        }
    }

    /// Reads on for about `budget_bytes`, one log at least; true while more is left. Damage is a
    /// finding and no error; after an error the step can be run again.
    pub fn verify_step(&self, verification: &mut Verification, budget_bytes: u64) -> Result<bool> {
        self.check_sound()?;
        let findings = &mut verification.findings;
        match verification.stage {
            Stage::Head => {
                let mut found = findings.clone();
                self.verify_head(&mut found)?;
                *findings = found;
                verification.stage = Stage::Logs;
            }
            Stage::Logs => {
                let mut found = findings.clone();
                self.verify_logs(&mut found)?;
                *findings = found;
                verification.stage = Stage::Segments;
            }
            Stage::Segments => {
                let end = findings.checked.bytes.saturating_add(budget_bytes);
                while verification.findings.checked.bytes < end {
                    if !self.verify_block(verification)? {
                        verification.stage = Stage::Done;
                        break;
                    }
                }
            }
            Stage::Done => {}
        }
        Ok(!matches!(verification.stage, Stage::Done))
    }

    /// Whether `key` lies under a prefix that no longer counts.
    pub(crate) fn is_retired(&self, key: &[u8]) -> bool {
        self.catalog.retired.iter().any(|(prefix, _)| key.starts_with(prefix))
    }

    /// The next block of the next segment; false where there is none.
    fn verify_block(&self, verification: &mut Verification) -> Result<bool> {
        let version = self.volume.version();
        if verification.segment.is_none() {
            let last = verification.last;
            let ahead = version.segments().filter(|segment| {
                let id = segment.meta().id;
                id <= verification.newest && last.is_none_or(|last| id > last)
            });
            let Some(next) = ahead.min_by_key(|segment| segment.meta().id) else {
                return Ok(false);
            };
            verification.segment = Some(SegmentCheck::new(std::sync::Arc::clone(next)));
            verification.last = Some(next.meta().id);
            verification.findings.checked.segments += 1;
        }
        let Some(check) = &mut verification.segment else { return Ok(false) };
        // The units of a segment that was dropped meanwhile may hold something else by now.
        let id = check.id();
        let is_live = version.segments().any(|segment| segment.meta().id == id);
        if !is_live || !check.step(&self.io, &mut verification.findings)? {
            verification.segment = None;
        }
        Ok(true)
    }

    fn verify_head(&self, findings: &mut Findings) -> Result<()> {
        let superblock = self.volume.superblock().encode();
        let copies = [0, SLOT_BYTES].map(|offset| (offset, superblock.as_slice()));
        self.verify_copies(&copies, "a superblock", findings)?;
        let root = self.volume.root();
        let slots = [0, 1].map(|slot| ROOTS_OFFSET + slot * SLOT_BYTES);
        let mut older = None;
        for slot in slots {
            let bytes = self.there(FileId::Volume, slot, ROOT_COPY_OFFSET + ROOT_BYTES)?;
            let found = Root::decode_slot(&bytes).ok();
            if slot == self.volume.root_offset() {
                self.verify_root(slot, root, false, findings)?;
            } else if let Some(found) = found {
                self.verify_root(slot, &found, true, findings)?;
                if found.generation.checked_add(1) != Some(root.generation) {
                    findings.add_spare(&damaged(slot, "the other root is not the one before"));
                }
                older = Some(found);
            } else if root.generation > 1 {
                findings.add_spare(&damaged(slot, "the older root cannot be read"));
            }
        }
        let manifest = self.verify_manifest(root)?;
        if findings
            .read(manifest, root.manifest_len)?
            .is_some_and(|manifest| manifest.levels != self.volume.version().to_metas())
        {
            findings.add(&damaged(root.manifest_offset, "the manifest lists other segments"));
        }
        if let Some(older) = older.filter(|older| older.manifest_offset != root.manifest_offset)
            && let Err(error) = self.verify_manifest(&older)?
        {
            findings.add_spare(&error);
        }
        Ok(())
    }

    fn verify_root(
        &self,
        slot: u64,
        root: &Root,
        is_older: bool,
        findings: &mut Findings,
    ) -> Result<()> {
        let bytes = root.encode_slot();
        let copies = [0, ROOT_COPY_OFFSET]
            .map(|at| (slot + at as u64, bytes.get(at..at + ROOT_BYTES).unwrap_or_default()));
        if is_older {
            for (offset, expected) in copies {
                if self.there(FileId::Volume, offset, expected.len())? != expected {
                    findings.add_spare(&damaged(offset, "a copy of the older root differs"));
                }
            }
            return Ok(());
        }
        self.verify_copies(&copies, "a root", findings)
    }

    /// Holds both copies of something against what they should be. One of them is enough.
    fn verify_copies(
        &self,
        copies: &[(u64, &[u8]); 2],
        what: &str,
        findings: &mut Findings,
    ) -> Result<()> {
        let mut differing = Vec::new();
        for (offset, expected) in copies {
            findings.checked.bytes += expected.len() as u64;
            if self.there(FileId::Volume, *offset, expected.len())? != *expected {
                differing.push(damaged(*offset, &format!("a copy of {what} differs")));
            }
        }
        for error in &differing {
            if differing.len() < copies.len() {
                findings.add_spare(error);
            } else {
                findings.add(error);
            }
        }
        Ok(())
    }

    /// The manifest of a root; the inner error is damage.
    fn verify_manifest(&self, root: &Root) -> Result<Result<Manifest>> {
        let len = usize::try_from(root.manifest_len.min(self.geometry().manifest_area_bytes));
        let bytes = self.there(FileId::Volume, root.manifest_offset, len.unwrap_or(0))?;
        if bytes.len() as u64 != u64::from(root.manifest_len)
            || xxh3_64(&bytes) != root.manifest_hash
        {
            return Ok(Err(damaged(root.manifest_offset, "the manifest's checksum differs")));
        }
        let at = |error: Error| error.at(FileId::Volume.name(), root.manifest_offset);
        Ok(Manifest::decode(&bytes).map_err(at))
    }

    /// The epochs that hold what is in no segment yet.
    fn verify_logs(&self, findings: &mut Findings) -> Result<()> {
        for (file, epoch, last_seq) in self.logs.needed(self.volume.root().closed_epoch) {
            let header = log::read_header(&self.io, file, &self.volume.superblock().database_id);
            let header = match findings.judge(header)? {
                Some(HeaderState::Valid(header)) if header.epoch == epoch => header,
                Some(_) => {
                    findings.add(&Error::corrupt(file.name(), 0, "the log's header is lost"));
                    continue;
                }
                None => continue,
            };
            self.verify_header(file, &header, findings)?;
            findings.checked.bytes += u64::from(LOG_HEAD_BYTES);
            if last_seq < header.first_seq {
                continue;
            }
            if epoch > self.volume.root().live_epoch {
                let what = "the root that names the newest log is lost";
                findings.add_spare(&damaged(ROOTS_OFFSET, what));
            }
            let mut frames = 0;
            let replayed = log::replay(&self.io, file, &header, Some(last_seq), |frame| {
                frames += 1;
                frame.catalog().map_or(Ok(()), |bytes| CatalogState::decode(bytes).map(drop))
            });
            findings.checked.frames += frames;
            let replayed = replayed.map_err(|error| error.at(file.name(), 0));
            if let Some(tail) = findings.judge(replayed)? {
                findings.checked.bytes += tail.end_offset.saturating_sub(LOG_HEAD_BYTES.into());
            }
        }
        Ok(())
    }

    /// Both copies of a log's header. The role in it says nothing, as names of files do not.
    fn verify_header(&self, file: FileId, header: &Header, findings: &mut Findings) -> Result<()> {
        let expected = [header.encode(FileId::LogA)?, header.encode(FileId::LogB)?];
        let copy_len = expected.iter().map(Vec::len).max().unwrap_or(0) / 2;
        for copy in 0..2 {
            let offset = copy * copy_len as u64;
            let bytes = self.there(file, offset, copy_len)?;
            let is_whole = bytes.len() == copy_len;
            if !is_whole || !expected.iter().any(|expected| expected.starts_with(&bytes)) {
                let what = "a copy of the log's header differs";
                findings.add_spare(&Error::corrupt(file.name(), offset, what));
            }
        }
        Ok(())
    }

    /// Bytes of a file, none where it ends before.
    fn there(&self, file: FileId, offset: u64, len: usize) -> Result<Vec<u8>> {
        let end = offset.saturating_add(len as u64);
        if end > self.io.len(file)? {
            return Ok(Vec::new());
        }
        let mut bytes = vec![0; len];
        self.io.read_exact(file, offset, &mut bytes)?;
        Ok(bytes)
    }
}

fn damaged(offset: u64, what: &str) -> Error {
    Error::corrupt(FileId::Volume.name(), offset, what)
}
