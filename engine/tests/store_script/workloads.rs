//! Scripted workloads for crashes: each one mechanism, or a few that meet, with what tells that the
//! mechanism was at work.

use entidb::Durability::{Relaxed, Strict};

use super::scripts::{fill, one, put};
use super::{ALSO_RETIRED_PREFIX, RETIRED_PREFIX, Script, Seen, Step, Write, key};

/// A script with a name, and what a run of it must show.
#[derive(Clone)]
pub struct Workload {
    pub name: String,
    pub script: Script,
    pub shows: fn(&Seen) -> bool,
}

type Row = (&'static str, Vec<Step>, fn(&Seen) -> bool);

impl Workload {
    /// Commits, groups, epochs, catalogs, and how a process ends.
    pub fn of_the_log() -> Vec<Self> {
        named([commits(), epochs(), catalogs(), endings()].concat())
    }

    /// Flushes, merges, moves and write sets that do not go through the log.
    pub fn of_segments() -> Vec<Self> {
        named([flushes(), merges(), large_sets()].concat())
    }

    /// Full compactions, the space they give back, what catalogs retire.
    pub fn of_compaction() -> Vec<Self> {
        named([compactions(), space(), retired()].concat())
    }

    /// Snapshots, readers, and storage that is full.
    pub fn of_bystanders() -> Vec<Self> {
        named([snapshots(), quotas()].concat())
    }

    /// All scripted ones.
    pub fn scripted() -> Vec<Self> {
        [Self::of_the_log(), Self::of_segments(), Self::of_compaction(), Self::of_bystanders()]
            .concat()
    }

    /// Random ones.
    pub fn random(seed: u64, len: usize) -> Self {
        Self { name: format!("seed {seed}"), script: Script::swarm(seed, len), shows: always }
    }
}

fn named(rows: Vec<Row>) -> Vec<Workload> {
    let workload =
        |(name, steps, shows)| Workload { name: String::from(name), script: Script(steps), shows };
    rows.into_iter().map(workload).collect()
}

fn always(_: &Seen) -> bool {
    true
}

fn relaxed(n: u32) -> Step {
    Step::Group(vec![vec![put(n, 30)]], Relaxed)
}

fn group(commits: Vec<Vec<Write>>) -> Step {
    Step::Group(commits, Strict)
}

fn delete(n: u32) -> Write {
    (key(1, n), None)
}

fn catalog(bytes: &[u8]) -> Step {
    Step::Catalog(bytes.to_vec(), Vec::new())
}

fn under(prefix: [u8; 5], n: u32, len: usize) -> Write {
    ([&prefix[..], &n.to_be_bytes()].concat(), Some(vec![1; len]))
}

/// Commits of a few writes and a flush after them.
fn flushed(from: u32, count: u32) -> Vec<Step> {
    let writes = (from..from + count).map(|n| put(n, 150)).collect();
    vec![group(vec![writes]), Step::Flush]
}

/// `times` flushes of the same keys.
fn runs(times: u32, count: u32) -> Vec<Step> {
    (0..times).flat_map(|time| flushed(time % 2, count)).collect()
}

fn times(count: u32, steps: impl Fn(u32) -> Vec<Step>) -> Vec<Step> {
    (0..count).flat_map(steps).collect()
}

/// Bytes that do not compress, for what has to be as large as it looks.
fn noise(n: u32, len: u32) -> Write {
    let mut rng = fastrand::Rng::with_seed(u64::from(n));
    (key(1, n), Some((0..len).map(|_| rng.u8(..)).collect()))
}

fn noises(from: u32, count: u32) -> Vec<Write> {
    (from..from + count).map(|n| noise(n, 600)).collect()
}

fn commits() -> Vec<Row> {
    let pairs = |from: u32| (from..from + 5).map(|n| vec![put(n, 50), put(n + 10, 5)]).collect();
    let long_key = |n: u8| ([&key(1, 5)[..], &[n; 1000]].concat(), Some(vec![n; 9]));
    let big = |n: u32| put(n, 1024);
    vec![
        ("first commits", (0..4).map(|n| one(n, 20)).collect(), always),
        ("a group", vec![group(pairs(0))], always),
        ("groups one after the other", (0..5).map(|n| group(pairs(n))).collect(), always),
        ("relaxed, then strict", vec![relaxed(1), relaxed(2), one(3, 9), relaxed(4)], always),
        ("relaxed, then synced", vec![relaxed(1), relaxed(2), Step::Sync, relaxed(3)], always),
        ("deletes", vec![one(1, 9), one(2, 9), group(vec![vec![delete(1)]]), one(1, 8)], always),
        ("the same key again and again", (0..8).map(|n| one(1, n * 5)).collect(), always),
        (
            "empty values and long keys",
            vec![one(1, 0), group(vec![vec![long_key(1)], vec![long_key(2)]]), one(2, 0)],
            always,
        ),
        ("the largest values", vec![group(vec![vec![big(1), big(2)], vec![big(1)]])], always),
        ("many keys in a commit", vec![group(vec![(0..50).map(|n| put(n, 9)).collect()])], always),
        (
            "a group for which there is no room",
            vec![group((0..30).map(|n| vec![put(n, 400)]).collect())],
            |seen| seen.full_groups > 0,
        ),
        (
            "taken back, then committed",
            vec![Step::Discard(vec![put(1, 9)]), one(2, 9), Step::Discard(vec![put(2, 5)])],
            always,
        ),
    ]
}

fn epochs() -> Vec<Row> {
    let relaxed_fill = |count| (0..count).map(relaxed).collect::<Vec<_>>();
    let mixed = |n: u32| vec![if n.is_multiple_of(3) { one(n, 300) } else { relaxed(n) }];
    vec![
        ("logs recycled", fill(0, 60), |seen| seen.flushes > 1),
        ("logs recycled by relaxed commits", times(3, |_| relaxed_fill(45)), |seen| {
            seen.flushes > 0
        }),
        ("logs recycled by a mixture", times(70, mixed), |seen| seen.flushes > 0),
        (
            "a log that grows to its full size",
            vec![group((0..3).map(|n| vec![noise(n, 1000)]).collect()), group(vec![noises(5, 16)])],
            |seen| seen.log_file_bytes_max >= 8 << 10,
        ),
        (
            "a commit as large as a log takes",
            vec![one(1, 9), group(vec![noises(0, 18)]), one(2, 9), group(vec![noises(0, 18)])],
            |seen| seen.log_file_bytes_max >= 16 << 10,
        ),
    ]
}

fn catalogs() -> Vec<Row> {
    let large = |n: u8| Step::Catalog(vec![n; 1500], Vec::new());
    vec![
        ("catalogs", vec![one(1, 9), catalog(b"first"), one(2, 9), catalog(b"second")], always),
        ("catalogs only", (0..6).map(large).collect(), always),
        (
            "a catalog after relaxed commits",
            vec![relaxed(1), relaxed(2), catalog(b"one"), relaxed(3)],
            always,
        ),
        (
            "a catalog in a manifest",
            [vec![catalog(b"one")], flushed(0, 4), vec![catalog(b"two"), Step::Flush]].concat(),
            |seen| seen.flushes > 0,
        ),
        (
            "catalogs and recycled logs",
            times(8, |n| [fill(n, 5), vec![large(u8::try_from(n).unwrap())]].concat()),
            |seen| seen.flushes > 0,
        ),
    ]
}

fn endings() -> Vec<Row> {
    vec![
        (
            "closed and opened",
            vec![one(1, 9), Step::Close, one(2, 9), Step::Close, Step::Close],
            always,
        ),
        (
            "killed and opened",
            vec![one(1, 9), Step::Kill, one(2, 9), Step::Kill, Step::Kill, one(3, 9)],
            always,
        ),
        (
            "killed after relaxed commits",
            vec![relaxed(1), Step::Kill, relaxed(2), relaxed(3), Step::Kill, one(4, 9)],
            always,
        ),
        (
            "killed and closed in turns",
            times(4, |n| vec![one(n, 50), if n % 2 == 0 { Step::Kill } else { Step::Close }]),
            always,
        ),
        (
            "killed while logs are recycled",
            times(5, |n| [fill(n, 8), vec![Step::Kill]].concat()),
            |seen| seen.flushes > 0,
        ),
        (
            "closed with nothing in it",
            vec![Step::Close, Step::Close, one(1, 1), Step::Close],
            always,
        ),
        (
            "killed after a catalog",
            vec![catalog(b"one"), Step::Kill, one(1, 9), catalog(b"two"), Step::Kill],
            always,
        ),
    ]
}

fn flushes() -> Vec<Row> {
    vec![
        ("a flush", vec![one(1, 300), one(2, 300), Step::Flush, one(3, 10)], |s| s.flushes == 1),
        ("a flush of nothing", vec![Step::Flush, one(1, 9), Step::Flush, Step::Flush], always),
        ("flushes one after the other", runs(4, 3), |seen| seen.runs_max == 4),
        (
            "a flush of relaxed commits",
            vec![relaxed(1), relaxed(2), Step::Flush, relaxed(3)],
            |seen| seen.flushes == 1,
        ),
        (
            "a flush of deletes",
            [flushed(0, 6), vec![group(vec![(0..6).map(delete).collect()]), Step::Flush]].concat(),
            |seen| seen.flushes == 2,
        ),
        (
            "flushed in slices between commits",
            times(40, |n| vec![one(n, 200), Step::Work(64)]),
            |seen| seen.flushes > 0,
        ),
        (
            "killed after each flush",
            times(3, |n| [flushed(n, 3), vec![Step::Kill]].concat()),
            |seen| seen.flushes > 0,
        ),
    ]
}

fn merges() -> Vec<Row> {
    let merge = || vec![Step::Work(1 << 20), Step::Work(1 << 20)];
    let slices = |count| times(count, |n| vec![Step::Work(300), one(n, 40)]);
    vec![
        ("a merge of four runs", [runs(4, 5), merge()].concat(), |seen| seen.merges > 0),
        ("a merge under level 1", [runs(4, 5), merge(), runs(4, 5), merge()].concat(), |seen| {
            seen.merges > 1
        }),
        ("a merge in slices with commits between", [runs(4, 6), slices(10)].concat(), |seen| {
            seen.merges > 0
        }),
        (
            "a merge cut off by a close",
            [runs(4, 6), vec![Step::Work(1), Step::Work(400), Step::Close], slices(4)].concat(),
            |seen| seen.merges > 0,
        ),
        (
            "a merge cut off by a kill",
            [runs(4, 6), vec![Step::Work(1), Step::Work(400), Step::Kill], slices(4)].concat(),
            |seen| seen.merges > 0,
        ),
        (
            "moves of what nothing overlaps",
            [times(4, |n| flushed(n * 10, 3)), vec![Step::Compact]].concat(),
            |seen| seen.moves > 0,
        ),
        ("as many runs as level 0 takes", [runs(17, 2), merge()].concat(), |seen| {
            seen.runs_max >= 16
        }),
        (
            "flushes that commits pay for",
            times(40, |n| vec![group(vec![vec![put(n % 9, 700)]]), Step::Settle]),
            |seen| seen.flushes > 3,
        ),
        (
            "a merge of deletes",
            [
                runs(3, 6),
                vec![group(vec![(0..6).map(delete).collect()]), Step::Flush],
                merge(),
                merge(),
            ]
            .concat(),
            |seen| seen.merges > 0,
        ),
    ]
}

fn large_sets() -> Vec<Row> {
    let piece = |from: u32, count: u32| (from..from + count).map(|n| put(n, 300)).collect();
    let large = |from| Step::Large(vec![piece(from, 20), piece(from + 10, 20)]);
    let noise = |from: u32| Step::Large((0..3_u32).map(|n| noises(from + n * 10, 14)).collect());
    let deletes = Step::Large(vec![(5..15).map(delete).collect(), piece(40, 3)]);
    vec![
        ("a large write set", vec![one(1, 9), large(0), one(2, 9)], |seen| seen.runs_max > 1),
        ("large write sets only", vec![large(0), large(5)], |seen| seen.runs_max > 1),
        ("a large write set of many units", vec![noise(0), one(1, 9)], |seen| seen.growths > 0),
        ("a large write set after relaxed commits", vec![relaxed(1), large(0), relaxed(2)], always),
        ("a large write set that deletes", vec![large(0), deletes, one(6, 9)], always),
        ("a large write set, then killed", vec![large(0), Step::Kill, one(1, 9)], always),
        ("a large write set after a catalog", vec![catalog(b"one"), large(0)], always),
        (
            "large write sets and merges",
            times(5, |n| vec![large(n), Step::Work(1 << 20)]),
            |seen| seen.merges > 0,
        ),
    ]
}

fn compactions() -> Vec<Row> {
    let begun = |cut: Step| {
        [runs(3, 6), vec![Step::CompactBegin, Step::Work(300), cut, one(1, 9), Step::Work(500)]]
            .concat()
    };
    vec![
        ("compacted", [runs(2, 8), vec![Step::Compact, one(9, 9)]].concat(), |s| s.merges > 0),
        ("compacted twice", [runs(2, 4), vec![Step::Compact, Step::Compact]].concat(), always),
        ("compacted without anything", vec![Step::Compact, one(1, 9), Step::Compact], always),
        (
            "a compaction in slices with commits between",
            [runs(3, 6), vec![Step::CompactBegin], times(9, |n| vec![Step::Work(256), one(n, 9)])]
                .concat(),
            |seen| seen.merges > 0,
        ),
        ("a compaction cut off by a close", begun(Step::Close), always),
        ("a compaction cut off by a kill", begun(Step::Kill), always),
        ("a compaction and a flush", begun(Step::Flush), |seen| seen.merges > 0),
        (
            "deletes compacted away",
            [
                flushed(0, 12),
                vec![group(vec![(0..12).map(delete).collect()]), Step::Compact, one(1, 9)],
            ]
            .concat(),
            always,
        ),
    ]
}

fn space() -> Vec<Row> {
    let bulk = |from| vec![group(vec![noises(from, 14)]), Step::Flush];
    let gone = |from: u32, count: u32| group(vec![(from..from + count).map(delete).collect()]);
    let emptied = || vec![gone(0, 14), gone(20, 14), Step::Compact, Step::Close];
    vec![
        ("the volume shrinks", [bulk(0), bulk(20), emptied()].concat(), |seen| seen.shrinkings > 0),
        (
            "the volume shrinks and grows again",
            [bulk(0), bulk(20), emptied(), bulk(0), vec![one(1, 9)]].concat(),
            |seen| seen.shrinkings > 0 && seen.growths > 2,
        ),
        (
            "units moved to the front",
            [bulk(0), bulk(20), bulk(40), vec![gone(0, 34), Step::Compact, Step::Close]].concat(),
            |seen| seen.shrinkings > 0,
        ),
        ("units used again", times(4, |_| [bulk(0), vec![Step::Compact]].concat()), |seen| {
            seen.merges > 1
        }),
        (
            "units used again after a kill",
            times(3, |_| [bulk(0), vec![Step::Compact, Step::Kill]].concat()),
            |seen| seen.merges > 0,
        ),
    ]
}

fn retired() -> Vec<Row> {
    let writes = |prefix| (0..4).map(|n| under(prefix, n, 90)).collect::<Vec<_>>();
    let retire = |prefixes: &[[u8; 5]]| {
        let prefixes = prefixes.iter().map(|prefix| prefix.to_vec()).collect();
        Step::Catalog(b"\xffwithout".to_vec(), prefixes)
    };
    let first = || group(vec![writes(RETIRED_PREFIX)]);
    let both = || group(vec![writes(RETIRED_PREFIX), writes(ALSO_RETIRED_PREFIX)]);
    vec![
        (
            "retired",
            vec![first(), Step::Flush, retire(&[RETIRED_PREFIX]), Step::Flush, Step::Compact],
            always,
        ),
        ("retired in the log", vec![first(), retire(&[RETIRED_PREFIX]), one(1, 9)], always),
        (
            "two prefixes retired at once",
            vec![both(), Step::Flush, retire(&[RETIRED_PREFIX, ALSO_RETIRED_PREFIX]), one(1, 9)],
            always,
        ),
        (
            "retired during a merge",
            [
                times(4, |n| vec![first(), one(n, 200), Step::Flush]),
                vec![Step::Work(1), Step::Work(200), retire(&[RETIRED_PREFIX])],
                vec![Step::Work(1 << 20), Step::Work(1 << 20), Step::Flush, Step::Compact],
            ]
            .concat(),
            |seen| seen.merges > 0,
        ),
        (
            "retired under a snapshot",
            vec![
                first(),
                Step::Flush,
                Step::Pin,
                retire(&[RETIRED_PREFIX]),
                Step::Compact,
                Step::Look,
                Step::Unpin,
                Step::Compact,
            ],
            |seen| seen.old_views > 0,
        ),
    ]
}

fn snapshots() -> Vec<Row> {
    let old = |seen: &Seen| seen.old_views > 0;
    let merged = |seen: &Seen| seen.old_views > 0 && seen.merges > 0;
    vec![
        (
            "a snapshot over a flush",
            [fill(0, 3), vec![Step::Pin], fill(1, 3), vec![one(1, 5), Step::Flush, Step::Look]]
                .concat(),
            old,
        ),
        (
            "a snapshot over a merge",
            [
                runs(2, 5),
                vec![Step::Pin],
                times(3, |n| vec![group(vec![vec![put(1, 7), put(n, 9)]]), Step::Flush]),
                vec![Step::Work(1 << 20), Step::Work(1 << 20), Step::Look],
            ]
            .concat(),
            merged,
        ),
        (
            "snapshots over a compaction",
            [
                runs(2, 5),
                vec![Step::Pin, one(1, 5), Step::Pin, group(vec![(0..4).map(delete).collect()])],
                vec![Step::Compact, Step::Look, Step::Unpin, Step::Compact, Step::Look],
            ]
            .concat(),
            merged,
        ),
        (
            "a snapshot over recycled logs",
            [vec![one(1, 5), Step::Pin], fill(0, 45), vec![Step::Look]].concat(),
            old,
        ),
        (
            "a reader beside a log",
            vec![one(1, 9), relaxed(2), Step::ReadOnly, one(3, 9), Step::ReadOnly],
            always,
        ),
        (
            "a reader of segments",
            [runs(2, 3), vec![one(9, 9), Step::ReadOnly, one(8, 9)]].concat(),
            |seen| seen.flushes > 0,
        ),
    ]
}

fn quotas() -> Vec<Row> {
    let refused = |seen: &Seen| seen.refusals > 0;
    let none = || Step::Quota(Some(0));
    let more = || vec![Step::Quota(None), one(70, 30), Step::Flush];
    let large = || Step::Large(vec![noises(0, 14), noises(20, 14)]);
    vec![
        ("no room for a commit", [vec![one(1, 9), none()], fill(0, 45), more()].concat(), refused),
        (
            "no room for a large write set",
            [vec![one(1, 9), none(), large(), one(2, 9)], more()].concat(),
            refused,
        ),
        (
            "no room for a flush",
            [vec![none(), group(vec![noises(0, 14)]), Step::Flush, one(1, 9)], more()].concat(),
            refused,
        ),
        (
            "no room for a compaction",
            [
                vec![group(vec![noises(0, 14)]), Step::Flush, group(vec![noises(5, 14)])],
                vec![Step::Close, none(), Step::Compact, one(1, 9)],
                more(),
            ]
            .concat(),
            refused,
        ),
        (
            "no room for a catalog",
            [vec![none()], times(8, |_| vec![Step::Catalog(vec![1; 1500], Vec::new())]), more()]
                .concat(),
            refused,
        ),
        (
            "no room, then killed",
            [vec![one(1, 9), none(), large(), Step::Kill, one(2, 9)], more()].concat(),
            refused,
        ),
        (
            "deletes on a full storage",
            [
                vec![Step::Quota(Some(150_000))],
                times(14, |n| vec![group(vec![noises(n * 14, 14)]), Step::Settle]),
                times(14, |n| {
                    let most = (0..13).map(|m| delete(n * 14 + m)).collect();
                    vec![group(vec![most]), Step::Settle]
                }),
                times(14, |n| vec![group(vec![noises(n * 14, 14)])]),
                more(),
            ]
            .concat(),
            |seen| seen.refusals > 0 && seen.merges > 0,
        ),
        (
            "a little room",
            [vec![Step::Quota(Some(20_000)), large(), large(), one(2, 9), Step::Flush], more()]
                .concat(),
            refused,
        ),
    ]
}
