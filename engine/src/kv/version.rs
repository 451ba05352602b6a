//! The set of live segments, by level. A version never changes; an edit makes the next one.

use std::sync::Arc;

use super::segment::{Segment, SegmentMeta};
use crate::error::{Error, Result};

/// Sorted segments that do not overlap. Neighbours may share the key at their border, where
/// versions of one key kept for snapshots outgrew a segment; the newer versions are in the former.
pub(crate) type Run = Arc<[Arc<Segment>]>;

/// The live segments: level 0 holds runs that may overlap, newest first; every further level is one
/// run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Version {
    /// Flushes and large write sets, newest first.
    pub level0: Vec<Run>,
    /// Level 1 and below; older data the further down.
    pub levels: Vec<Run>,
}

impl Version {
    /// The version that a manifest lists: levels, runs, segments.
    pub fn from_metas(levels: Vec<Vec<Vec<SegmentMeta>>>) -> Result<Self> {
        let mut rest = levels.into_iter();
        let newest = rest.next().unwrap_or_default();
        let top = newest.into_iter().map(run_from_metas).collect::<Result<_>>()?;
        let mut below = Vec::new();
        for runs in rest {
            let mut runs = runs.into_iter();
            below.push(run_from_metas(runs.next().unwrap_or_default())?);
            if runs.next().is_some() {
                return Err(Error::decode("a level of the manifest has more than one run"));
            }
        }
        Ok(Self { level0: top, levels: below })
    }

    /// The same as [`Version::from_metas`] takes.
    pub fn to_metas(&self) -> Vec<Vec<Vec<SegmentMeta>>> {
        let metas = |run: &Run| run.iter().map(|s| s.meta().clone()).collect::<Vec<_>>();
        let level0 = self.level0.iter().map(metas).collect();
        std::iter::once(level0).chain(self.levels.iter().map(|run| vec![metas(run)])).collect()
    }

    /// All runs, newest first.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.level0.iter().chain(&self.levels)
    }

    /// All segments.
    pub fn segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.runs().flat_map(|run| run.iter())
    }

    /// The runs of a level.
    pub fn level(&self, level: usize) -> &[Run] {
        match level.checked_sub(1) {
            None => &self.level0,
            Some(below) => self.levels.get(below).map_or(&[], std::slice::from_ref),
        }
    }

    /// The number of the deepest level that holds anything; 0 in an empty version.
    pub fn deepest(&self) -> usize {
        self.levels.iter().rposition(|run| !run.is_empty()).map_or(0, |at| at + 1)
    }

    /// Whether any segment may hold a key with this prefix.
    pub fn holds_prefix(&self, prefix: &[u8]) -> bool {
        let may_hold = |segment: &Arc<Segment>| {
            let meta = segment.meta();
            let after_min = meta.min_key.as_slice() <= prefix || meta.min_key.starts_with(prefix);
            after_min && meta.max_key.as_slice() >= prefix
        };
        self.segments().any(may_hold)
    }

    /// The next version: without the segments in `removed` (ids), with `added` in `level`. In level
    /// 0 what is added becomes the newest run.
    pub fn edit(&self, removed: &[u64], added: Vec<Arc<Segment>>, level: usize) -> Self {
        let keep = |run: &Run| -> Run {
            run.iter().filter(|s| !removed.contains(&s.meta().id)).cloned().collect()
        };
        let kept = self.level0.iter().map(keep).filter(|run| !run.is_empty());
        let mut next =
            Self { level0: kept.collect(), levels: self.levels.iter().map(keep).collect() };
        if !added.is_empty() {
            match level.checked_sub(1) {
                None => next.level0.insert(0, added.into()),
                Some(below) => {
                    while next.levels.len() <= below {
                        next.levels.push(Run::from([]));
                    }
                    if let Some(run) = next.levels.get_mut(below) {
                        let mut all = run.to_vec();
                        for segment in added {
                            let at = all.partition_point(|s| position(s) < position(&segment));
                            all.insert(at, segment);
                        }
                        *run = all.into();
                    }
                }
            }
        }
        while next.levels.last().is_some_and(|run| run.is_empty()) {
            next.levels.pop();
        }
        next
    }
}

/// Segments of `run` that overlap the closed range of keys.
pub(crate) fn overlapping<'a>(run: &'a Run, min: &[u8], max: &[u8]) -> &'a [Arc<Segment>] {
    let from = run.partition_point(|s| s.meta().max_key.as_slice() < min);
    let to = run.partition_point(|s| s.meta().min_key.as_slice() <= max);
    run.get(from..to.max(from)).unwrap_or(&[])
}

/// Order within a run. Segments that share a border key were written in the order of their ids.
fn position(segment: &Segment) -> (&[u8], &[u8], u64) {
    let meta = segment.meta();
    (&meta.min_key, &meta.max_key, meta.id)
}

fn run_from_metas(metas: Vec<SegmentMeta>) -> Result<Run> {
    let disjoint = metas.iter().zip(metas.iter().skip(1)).all(|(a, b)| a.max_key <= b.min_key);
    if !disjoint || metas.iter().any(|meta| meta.min_key > meta.max_key) {
        return Err(Error::decode("the segments of a run overlap"));
    }
    Ok(metas.into_iter().map(|meta| Arc::new(Segment::new(meta))).collect())
}
