//! Any row of flushes and merges leaves the newest version of each key where readers look first.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;

use super::pick::{Plan, Urgency, pick};
use crate::kv::segment::{BlockPtr, Segment, SegmentMeta};
use crate::kv::version::{Run, Version, overlapping};
use crate::options::Geometry;

/// Levels small enough that there are four.
const GEOMETRY: Geometry = Geometry { unit_bytes: 1024, ..Geometry::TINY };

type Key = [u8; 2];
/// The newest version of each key.
type Entries = BTreeMap<Key, u64>;

/// Segments with what they hold, which are never written anywhere.
#[derive(Default)]
struct Levels {
    version: Version,
    held: BTreeMap<u64, Entries>,
    newest: Entries,
    seq: u64,
}

impl Levels {
    fn segments(&mut self, entries: &Entries, rng: &mut Rng) -> Vec<Arc<Segment>> {
        let entries: Vec<(Key, u64)> = entries.iter().map(|(key, seq)| (*key, *seq)).collect();
        let piece = rng.usize(8..40);
        entries.chunks(piece).map(|piece| self.segment(piece)).collect()
    }

    fn segment(&mut self, entries: &[(Key, u64)]) -> Arc<Segment> {
        let id = self.held.len() as u64;
        self.held.insert(id, entries.iter().copied().collect());
        let key = |entry: Option<&(Key, u64)>| entry.unwrap().0.to_vec();
        Arc::new(Segment::new(SegmentMeta {
            id,
            units: Vec::new(),
            len: u32::try_from(entries.len()).unwrap() * 512,
            footer: BlockPtr::default(),
            footer_hash: 0,
            min_key: key(entries.first()),
            max_key: key(entries.last()),
            base_seq: 0,
            max_seq: 0,
            entries: entries.len() as u64,
            tombstones: 0,
            raw_bytes: 0,
        }))
    }

    /// Ids in order, or random ones, or both, as collections and their indexes have them.
    fn flush(&mut self, rng: &mut Rng) {
        let mut entries = Entries::new();
        for _ in 0..rng.usize(1..9) {
            self.seq += 1;
            let ascending = u8::try_from(self.seq / 64 % 256).unwrap();
            let key = if rng.bool() { [ascending, rng.u8(..8)] } else { [rng.u8(..), rng.u8(..8)] };
            entries.insert(key, self.seq);
        }
        self.newest.extend(&entries);
        let added = self.segments(&entries, rng);
        self.version = self.version.edit(&[], added, 0);
    }

    fn merge(&mut self, plan: &Plan, rng: &mut Rng) {
        let removed: Vec<u64> = plan.inputs.iter().flat_map(ids).collect();
        let mut entries = Entries::new();
        for id in &removed {
            for (key, seq) in &self.held[id] {
                let newest = entries.entry(*key).or_insert(*seq);
                *newest = (*newest).max(*seq);
            }
        }
        let added = if plan.is_move {
            plan.inputs.iter().flat_map(|run| run.iter().cloned()).collect()
        } else {
            self.segments(&entries, rng)
        };
        self.version = self.version.edit(&removed, added, plan.level);
    }

    fn check(&self) {
        for run in self.version.runs() {
            let is_apart = |pair: &[Arc<Segment>]| pair[0].meta().max_key < pair[1].meta().min_key;
            assert!(run.windows(2).all(is_apart), "segments of a run overlap");
        }
        for (key, seq) in &self.newest {
            let in_run = |run: &Run| {
                let segments = overlapping(run, key, key);
                segments.iter().find_map(|s| self.held[&s.meta().id].get(key).copied())
            };
            assert_eq!(self.version.runs().find_map(in_run), Some(*seq), "the version of {key:?}");
        }
    }
}

fn ids(run: &Run) -> impl Iterator<Item = u64> + '_ {
    run.iter().map(|segment| segment.meta().id)
}

#[test]
fn the_newest_version_of_a_key_stays_where_it_is_found_first() {
    let mut merged = [0_u32; 4];
    for seed in 0..30 {
        let mut rng = Rng::with_seed(seed);
        let mut levels = Levels::default();
        for _ in 0..rng.usize(1..600) {
            levels.flush(&mut rng);
            for _ in 0..rng.usize(..3) {
                let Some(plan) = pick(&levels.version, &GEOMETRY, Urgency::Due) else {
                    break;
                };
                // Flushes come in between the start of a merge and its end.
                for _ in 0..rng.usize(..3) {
                    levels.flush(&mut rng);
                }
                merged[plan.level.min(3)] += 1;
                levels.merge(&plan, &mut rng);
                if rng.u8(..8) == 0 {
                    levels.check();
                }
            }
        }
        levels.check();
    }
    assert!(merged.iter().all(|merges| *merges > 20), "merges into each level: {merged:?}");
}

#[test]
fn flushes_that_overlap_nothing_share_a_run() {
    let mut levels = Levels::default();
    for n in 0..20_u8 {
        let segment = levels.segment(&[([n, 0], 1), ([n, 9], 1)]);
        levels.version = levels.version.edit(&[], vec![segment], 0);
    }
    assert_eq!(levels.version.level0.len(), 1);
}

#[test]
fn many_small_segments_go_down_together_before_they_fill_the_manifest() {
    let mut levels = Levels::default();
    let mut rng = Rng::with_seed(1);
    for n in 0..200_u8 {
        let segment = levels.segment(&[([n, 0], u64::from(n)), ([n, 9], u64::from(n))]);
        levels.version = levels.version.edit(&[], vec![segment], 0);
        while let Some(plan) = pick(&levels.version, &GEOMETRY, Urgency::Due) {
            levels.merge(&plan, &mut rng);
        }
        assert!(levels.version.segments().count() < 40, "after {n} flushes");
    }
}
