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
    /// 0 what is added lies over the oldest run that something is removed from, or over all.
    pub fn edit(&self, removed: &[u64], added: Vec<Arc<Segment>>, level: usize) -> Self {
        let is_removed = |s: &Arc<Segment>| removed.contains(&s.meta().id);
        let keep = |run: &Run| run.iter().filter(|s| !is_removed(s)).cloned().collect::<Vec<_>>();
        let mut top: Vec<_> = self.level0.iter().map(keep).collect();
        let mut levels: Vec<_> = self.levels.iter().map(keep).collect();
        if let Some(below) = level.checked_sub(1) {
            levels.resize_with(levels.len().max(level), Vec::new);
            if let Some(run) = levels.get_mut(below) {
                insert(run, added);
            }
        } else {
            let oldest = self.level0.iter().rposition(|run| run.iter().any(is_removed));
            top.insert(oldest.unwrap_or(0), added);
        }
        while levels.last().is_some_and(Vec::is_empty) {
            levels.pop();
        }
        Self { level0: sink(top), levels: levels.into_iter().map(Run::from).collect() }
    }
}

/// Runs, newest first, with each segment in the oldest of them that it can be in, so that there are
/// as many as overlap somewhere. Segments that share a border key stay side by side.
fn sink(runs: Vec<Vec<Arc<Segment>>>) -> Vec<Run> {
    let mut sunk: Vec<Vec<Arc<Segment>>> = Vec::new();
    for run in runs.into_iter().rev() {
        for chain in run.chunk_by(|a, b| a.meta().max_key == b.meta().min_key) {
            let (Some(first), Some(last)) = (chain.first(), chain.last()) else { continue };
            let (min, max) = (&first.meta().min_key, &last.meta().max_key);
            let on = sunk.iter().rposition(|run| !overlapping(run, min, max).is_empty());
            let at = on.map_or(0, |on| on + 1);
            sunk.resize_with(sunk.len().max(at + 1), Vec::new);
            if let Some(run) = sunk.get_mut(at) {
                insert(run, chain.to_vec());
            }
        }
    }
    sunk.into_iter().rev().map(Run::from).collect()
}

fn insert(run: &mut Vec<Arc<Segment>>, added: Vec<Arc<Segment>>) {
    for segment in added {
        let at = run.partition_point(|s| position(s) < position(&segment));
        run.insert(at, segment);
    }
}

/// Segments of `run` that overlap the closed range of keys.
pub(crate) fn overlapping<'a>(
    run: &'a [Arc<Segment>],
    min: &[u8],
    max: &[u8],
) -> &'a [Arc<Segment>] {
    let from = run.partition_point(|s| s.meta().max_key.as_slice() < min);
    let to = run.partition_point(|s| s.meta().min_key.as_slice() <= max);
    run.get(from..to.max(from)).unwrap_or(&[])
}

/// Segments of `run` that `key` lies between the first and last key of, in order.
pub(crate) fn holding<'a>(
    run: &'a [Arc<Segment>],
    key: &[u8],
) -> impl Iterator<Item = &'a Arc<Segment>> {
    let from = run.partition_point(|s| s.meta().max_key.as_slice() < key);
    run.iter().skip(from).take_while(move |s| s.meta().min_key.as_slice() <= key)
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
