//! What to merge next. A pure function of the version, so that runs are deterministic.

use std::sync::Arc;

use crate::kv::segment::Segment;
use crate::kv::version::{Run, Version, overlapping};
use crate::limits::KEY_PREFIX_BYTES;
use crate::options::Geometry;
use crate::small_map::SmallMap;

/// Runs in level 0 from which on they are merged, and that become one run at least.
const LEVEL0_RUNS_MERGE: usize = 4;
/// Runs in level 0 from which on they are merged however little they hold.
const LEVEL0_RUNS_FULL: usize = 12;
/// What a merge into level 1 may rewrite there for each byte that it brings down. Until there is
/// enough for that, runs of level 0 become larger ones among themselves.
const LEVEL1_REWRITE_MAX: u64 = 3;
/// Bytes of a manifest for each segment in level 0 at most: small ones must not fill it.
const MANIFEST_BYTES_PER_SEGMENT: u64 = 1024;
/// The fullness of a level that holds what it should.
const FULL: u64 = 1024;
/// Full segments that level 1 holds.
const LEVEL1_SEGMENTS: u64 = 8;
/// How many times larger than a level the next one is.
const FAN_OUT: u64 = 8;

/// Which merges are worth it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Those that keep levels in shape.
    Due,
    /// Also those that only give space back.
    Idle,
}

/// A merge to be done: some runs, newest first, into one level.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The segments to merge, as runs, newest first.
    pub inputs: Vec<Run>,
    /// So many of the inputs stay as they are: they only tell what the others need not keep.
    pub shadows: usize,
    /// Whether older data is looked up for each tombstone, rather than taken to hold its key where
    /// it has others on both sides.
    pub is_exact: bool,
    /// Where the result goes.
    pub level: usize,
    /// Older data below the result: what tombstones must still hide.
    pub below: Vec<Run>,
    /// Nothing overlaps: the segment can change its level without being read.
    pub is_move: bool,
}

impl Plan {
    fn new(inputs: Vec<Run>, level: usize, below: Vec<Run>) -> Self {
        Self { inputs, shadows: 0, is_exact: false, level, below, is_move: false }
    }
}

/// The merge that the shape of the levels asks for most.
pub(crate) fn pick(version: &Version, geometry: &Geometry, urgency: Urgency) -> Option<Plan> {
    if let Some(plan) = crowded(version, geometry) {
        return Some(plan);
    }
    let runs = version.level0.len();
    let fullness =
        |level: usize| level_bytes(version, level) * FULL / target_bytes(geometry, level);
    let fullest =
        (1..=version.deepest()).max_by_key(|level| (fullness(*level), usize::MAX - level));
    // What lies too much in a level is rewritten by every merge into it, so the fullest goes first.
    let level0_fullness = (runs as u64 * FULL / LEVEL0_RUNS_FULL as u64).max(FULL);
    if let Some(level) = fullest.filter(|level| fullness(*level) > level0_fullness) {
        return cheapest(version, level);
    }
    let is_due = runs >= LEVEL0_RUNS_MERGE || level_bytes(version, 0) >= target_bytes(geometry, 1);
    if is_due && let Some(plan) = level0(version) {
        return Some(plan);
    }
    if let Some(level) = fullest.filter(|level| fullness(*level) > FULL) {
        return cheapest(version, level);
    }
    (urgency == Urgency::Idle).then(|| tombstones(version)).flatten()
}

/// The next merge that brings everything down to `deepest`: all places at once of a part that
/// overlaps nothing else, so that each entry is read and written once.
pub(crate) fn pick_full(version: &Version, deepest: usize) -> Option<Plan> {
    let bottom = version.runs().count().checked_sub(usize::from(version.deepest() == deepest));
    let is_down =
        |part: &Part<'_>| part.iter().all(|(rank, _)| bottom.is_some_and(|bottom| *rank >= bottom));
    let part = parts(version.runs()).into_iter().find(|part| !is_down(part))?;
    let is_move = part.len() == 1;
    Some(Plan { is_move, ..Plan::new(runs_of(&part), deepest, below(version, deepest)) })
}

/// Rewrites one segment where it is: into lower units, and without what newer segments hide or
/// nobody needs any more; with it those that follow, as far as all hold `bytes_max` together. It
/// takes no more units than it gives back.
pub(crate) fn rewriting(version: &Version, id: u64, bytes_max: u64) -> Option<Plan> {
    let holds = |run: &Run| run.iter().position(|s| s.meta().id == id);
    let (rank, run, at) =
        version.runs().enumerate().find_map(|(rank, run)| Some((rank, run, holds(run)?)))?;
    let meta = run.get(at)?.meta();
    let prefix = meta.min_key.get(..KEY_PREFIX_BYTES)?;
    let mut bytes = u64::from(meta.len);
    let mut joins = |next: &&Arc<Segment>| {
        bytes += u64::from(next.meta().len);
        bytes <= bytes_max && next.meta().min_key.starts_with(prefix)
    };
    let last =
        run.iter().skip(at + 1).take_while(|next| joins(next)).last().map_or(meta, |s| s.meta());
    let own = with_border_sharers(run, &meta.min_key, &last.max_key);
    let (min, max) = (&own.first()?.meta().min_key, &own.last()?.meta().max_key);
    let above = version.runs().take(rank).map(|run| with_border_sharers(run, min, max));
    let mut inputs: Vec<Run> = above.filter(|run| !run.is_empty()).collect();
    let shadows = inputs.len();
    inputs.push(Arc::clone(&own));
    let level = (rank + 1).saturating_sub(version.level0.len());
    let below = version.runs().skip(rank + 1).filter(|run| !run.is_empty()).cloned().collect();
    Some(Plan { shadows, is_exact: true, ..Plan::new(inputs, level, below) })
}

/// What level 0 has of one collection or index in its newest runs as one run, of as many runs as
/// `units` hold: each of them has a unit at least, however little it holds.
pub(crate) fn squeeze(version: &Version, prefix: &[u8], units: u64) -> Option<Plan> {
    let of_prefix = |run: &Run| -> Run {
        run.iter().filter(|s| s.meta().min_key.starts_with(prefix)).cloned().collect()
    };
    let units_of = |run: &Run| run.iter().map(|s| s.meta().units.len() as u64).sum::<u64>();
    let mut inputs: Vec<Run> = Vec::new();
    let (mut left, mut ranks) = (units, 0);
    for run in version.level0.iter().map(of_prefix) {
        let Some(rest) = left.checked_sub(units_of(&run)) else { break };
        (left, ranks) = (rest, ranks + 1);
        inputs.extend((!run.is_empty()).then_some(run));
    }
    let below = version.runs().skip(ranks).filter(|run| !run.is_empty()).cloned().collect();
    (inputs.len() > 1).then(|| Plan { is_exact: true, ..Plan::new(inputs, 0, below) })
}

/// What level 0 asks for most, the part where most runs overlap first. What has nothing under it
/// only moves; what is worth it goes down to level 1; else runs of like size become one, and stay.
fn level0(version: &Version) -> Option<Plan> {
    let mut parts = level0_parts(version);
    parts.sort_by_key(|(above, _)| std::cmp::Reverse(above.len()));
    let worth_it = |(above, under): &(Vec<Run>, Run)| {
        let bytes = above.iter().map(run_bytes).sum::<u64>();
        if run_bytes(under) <= bytes * LEVEL1_REWRITE_MAX {
            return Some(level0_down(version, above, under));
        }
        alike(version, above)
    };
    parts.iter().find_map(worth_it).or_else(|| {
        let (above, under) = parts.first().filter(|(above, _)| above.len() >= LEVEL0_RUNS_FULL)?;
        Some(level0_down(version, above, under))
    })
}

/// Where level 0 has more segments than the manifest should list: those of the collection or index
/// that has the most of them go down together.
fn crowded(version: &Version, geometry: &Geometry) -> Option<Plan> {
    let segments = version.level0.iter().map(|run| run.len() as u64).sum::<u64>();
    if segments * MANIFEST_BYTES_PER_SEGMENT <= u64::from(geometry.manifest_area_bytes) {
        return None;
    }
    let mut kin: SmallMap<&[u8], Part<'_>> = SmallMap::default();
    for (rank, run) in version.level0.iter().enumerate() {
        for segment in run.iter() {
            let prefix = segment.meta().min_key.get(..KEY_PREFIX_BYTES).unwrap_or_default();
            kin.entry(prefix, Vec::new).push((rank, segment));
        }
    }
    let most = kin.values().max_by_key(|part| part.len())?;
    let min = most.iter().map(|(_, s)| s.meta().min_key.as_slice()).min()?;
    let max = most.iter().map(|(_, s)| s.meta().max_key.as_slice()).max()?;
    Some(level0_down(version, &runs_of(most), &under(version, 1, min, max)))
}

/// Level 0 in parts that overlap no other, each with what lies under it in level 1.
fn level0_parts(version: &Version) -> Vec<(Vec<Run>, Run)> {
    let level0 = version.level0.len();
    let apart = |part: Part<'_>| {
        let (above, under): (Part<'_>, Part<'_>) =
            part.into_iter().partition(|(rank, _)| *rank < level0);
        (runs_of(&above), under.into_iter().map(|(_, s)| Arc::clone(s)).collect::<Run>())
    };
    let parts = parts(version.level0.iter().chain(version.level(1)));
    parts.into_iter().map(apart).filter(|(above, _)| !above.is_empty()).collect()
}

fn level0_down(version: &Version, above: &[Run], under: &Run) -> Plan {
    let is_move = under.is_empty() && above.iter().map(|run| run.len()).sum::<usize>() == 1;
    let mut inputs = above.to_vec();
    inputs.extend((!under.is_empty()).then(|| Arc::clone(under)));
    Plan { is_move, ..Plan::new(inputs, 1, below(version, 1)) }
}

/// The newest neighbours among some runs that are of like size: none is larger than half of the
/// others together.
fn alike(version: &Version, runs: &[Run]) -> Option<Plan> {
    let bytes: Vec<u64> = runs.iter().map(run_bytes).collect();
    let is_even = |from: usize, to: usize| {
        bytes.get(from..to).is_some_and(|bytes| {
            bytes.iter().max().is_some_and(|max| max * 3 <= bytes.iter().sum::<u64>())
        })
    };
    (0..runs.len()).find_map(|from| {
        let to =
            (from + LEVEL0_RUNS_MERGE..=runs.len()).take_while(|to| is_even(from, *to)).last()?;
        let inputs = runs.get(from..to)?.to_vec();
        let below = runs.iter().skip(to).chain(&version.levels);
        let below = below.filter(|run| !run.is_empty()).cloned().collect();
        Some(Plan::new(inputs, 0, below))
    })
}

/// Segments with the rank of their run, 0 being the newest, that overlap each other and no others.
type Part<'a> = Vec<(usize, &'a Arc<Segment>)>;

/// The segments of some runs, newest first, in parts that do not overlap, by key.
fn parts<'a>(runs: impl Iterator<Item = &'a Run>) -> Vec<Part<'a>> {
    let mut segments: Part<'a> = Vec::new();
    for (rank, run) in runs.enumerate() {
        for segment in run.iter() {
            let min = &segment.meta().min_key;
            let at = segments.partition_point(|(_, before)| before.meta().min_key <= *min);
            segments.insert(at, (rank, segment));
        }
    }
    let mut parts: Vec<Part<'a>> = Vec::new();
    let mut max_key: &[u8] = &[];
    for (rank, segment) in segments {
        match parts.last_mut() {
            Some(part) if segment.meta().min_key.as_slice() <= max_key => {
                part.push((rank, segment));
            }
            _ => parts.push(vec![(rank, segment)]),
        }
        max_key = max_key.max(&segment.meta().max_key);
    }
    parts
}

/// The runs of a part, newest first.
fn runs_of(part: &Part<'_>) -> Vec<Run> {
    let ranks = part.iter().map(|(rank, _)| rank + 1).max().unwrap_or(0);
    (0..ranks)
        .map(|rank| part.iter().filter(|(r, _)| *r == rank).map(|(_, s)| Arc::clone(s)).collect())
        .filter(|run: &Run| !run.is_empty())
        .collect()
}

/// The segment of a level that costs least to push down, by the bytes it lies over.
fn cheapest(version: &Version, level: usize) -> Option<Plan> {
    let run = version.level(level).first()?;
    let cost = |segment: &Arc<Segment>| {
        let meta = segment.meta();
        let under = under(version, level + 1, &meta.min_key, &meta.max_key);
        let bytes: u64 = under.iter().map(|s| u64::from(s.meta().len)).sum();
        bytes * 1024 / u64::from(meta.len).max(1)
    };
    run.iter().min_by_key(|segment| cost(segment)).map(|segment| down(version, level, segment))
}

/// A segment that is mostly tombstones and has something under it to delete.
fn tombstones(version: &Version) -> Option<Plan> {
    (1..version.deepest()).find_map(|level| {
        let run = version.level(level).first()?;
        let mostly = |s: &&Arc<Segment>| s.meta().tombstones * 2 >= s.meta().entries.max(1);
        run.iter().find(mostly).map(|segment| down(version, level, segment))
    })
}

fn down(version: &Version, level: usize, segment: &Arc<Segment>) -> Plan {
    let meta = segment.meta();
    let above = version.level(level).first().map_or_else(
        || Run::from([]),
        |run| with_border_sharers(run, &meta.min_key, &meta.max_key),
    );
    let min = above.first().map_or(meta.min_key.as_slice(), |s| &s.meta().min_key);
    let max = above.last().map_or(meta.max_key.as_slice(), |s| &s.meta().max_key);
    let under = under(version, level + 1, min, max);
    let is_move = under.is_empty();
    let mut inputs = vec![Arc::clone(&above)];
    inputs.extend((!under.is_empty()).then_some(under));
    Plan { is_move, ..Plan::new(inputs, level + 1, below(version, level + 1)) }
}

fn under(version: &Version, level: usize, min: &[u8], max: &[u8]) -> Run {
    version
        .level(level)
        .first()
        .map_or_else(|| Run::from([]), |run| with_border_sharers(run, min, max))
}

/// The segments of a run in a closed range, and those that share a border key with them: versions
/// of one key never part ways.
fn with_border_sharers(run: &Run, min: &[u8], max: &[u8]) -> Run {
    let mut found = overlapping(run, min, max);
    while let (Some(first), Some(last)) = (found.first(), found.last()) {
        let wider = overlapping(run, &first.meta().min_key, &last.meta().max_key);
        if wider.len() == found.len() {
            break;
        }
        found = wider;
    }
    found.into()
}

fn below(version: &Version, level: usize) -> Vec<Run> {
    version.levels.iter().skip(level).filter(|run| !run.is_empty()).cloned().collect()
}

fn level_bytes(version: &Version, level: usize) -> u64 {
    version.level(level).iter().map(run_bytes).sum()
}

fn run_bytes(run: &Run) -> u64 {
    run.iter().map(|segment| u64::from(segment.meta().len)).sum()
}

fn target_bytes(geometry: &Geometry, level: usize) -> u64 {
    let segment = u64::from(geometry.unit_bytes) * u64::from(geometry.segment_units_max);
    let scale = u32::try_from(level.saturating_sub(1)).unwrap_or(u32::MAX);
    segment.saturating_mul(LEVEL1_SEGMENTS).saturating_mul(FAN_OUT.saturating_pow(scale)).max(1)
}
