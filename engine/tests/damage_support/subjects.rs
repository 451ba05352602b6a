//! Small databases of many shapes: what is damaged.

use entidb::codec::value::Value;
use entidb::kv::Store;
use entidb::storage::fault::{Image, PowerCut, SimStorage};
use entidb::storage::{FileId, Storage};
use entidb::{BuildBudget, Change, Database, Durability, IfMatch, IndexSpec, Op};

use super::format::{Frame, Layout};
use super::{Contents, options, read_all};
use crate::store_script::{History, Host, RETIRED_PREFIX, Script, Step, key};

/// A database that is going to be damaged.
pub struct Subject {
    pub name: String,
    pub image: Image,
    /// The same database at earlier moments.
    pub earlier: Vec<Image>,
    pub layout: Layout,
    pub contents: Contents,
    /// For a database that was not closed: the file of the newest epoch, its frames, and what there
    /// is without the last ones, from none of them to all.
    pub tail: Option<(FileId, Vec<Frame>, Vec<Contents>)>,
    /// Whether collections and documents are in it.
    pub has_documents: bool,
}

impl Subject {
    fn new(name: &str, image: Image, earlier: Vec<Image>, has_documents: bool) -> Self {
        let layout = Layout::of(&image);
        let contents = contents(image.clone());
        let tail = layout.tail.clone().map(|(file, frames)| {
            let ends = frames.iter().map(|frame| frame.at).chain(frames.last().map(|f| f.end));
            let cut = |at: usize| {
                let mut image = image.clone();
                image.file_mut(file)[at..].fill(0);
                contents_of(image)
            };
            let states: Vec<_> = ends.map(cut).collect();
            (file, frames, states)
        });
        Self { name: name.to_owned(), image, earlier, layout, contents, tail, has_documents }
    }
}

fn contents_of(image: Image) -> Contents {
    contents(image)
}

fn contents(image: Image) -> Contents {
    let store = Store::open(SimStorage::from_image(image, 1), &options()).unwrap();
    read_all(&store, true).unwrap()
}

/// All of them.
pub fn subjects() -> Vec<Subject> {
    let mut all = scripted();
    all.extend((0..4).map(|seed| random(seed, seed % 2 == 0)));
    all.push(after_a_crash("after a crash, all kept", |cuts| cuts.everything_kept()));
    all.push(after_a_crash("after a crash, nothing kept", |cuts| cuts.nothing_kept()));
    all.push(after_a_crash("after a crash, some kept", |cuts| cuts.random(7)));
    all.push(with_pinned_versions());
    all.push(full_for_a_while());
    all.extend(with_documents());
    all
}

fn put(n: u32, len: usize) -> (Vec<u8>, Option<Vec<u8>>) {
    // Values that hardly compress, so that blocks are as they are written.
    let mut value = vec![0; len];
    fastrand::Rng::with_seed(n.into()).fill(&mut value);
    (key(1, n), Some(value))
}

fn one(n: u32, len: usize) -> Step {
    Step::Group(vec![vec![put(n, len)]], Durability::Strict)
}

fn fill(from: u32, count: u32, len: usize) -> Vec<Step> {
    (from..from + count).map(|n| one(n, len)).collect()
}

fn scripted() -> Vec<Subject> {
    let catalog = |name: &[u8]| Step::Catalog(name.to_vec(), Vec::new());
    let relaxed = |n| Step::Group(vec![vec![put(n, 30)]], Durability::Relaxed);
    let delete = |n| Step::Group(vec![vec![(key(1, n), None)]], Durability::Strict);
    let other = |n: u32| {
        Step::Group(vec![vec![(key(9, n), Some(vec![7; 40])), put(n, 9)]], Durability::Strict)
    };
    let retired = [&RETIRED_PREFIX[..], b"x"].concat();
    let retire = Step::Catalog(b"without".to_vec(), vec![RETIRED_PREFIX.to_vec()]);
    let large = |from: u32| Step::Large(vec![(from..from + 12).map(|n| put(n, 60)).collect()]);
    let (flush, work) = (Step::Flush, Step::Work(1 << 20));
    let scripts = [
        ("fresh", vec![]),
        ("one commit", vec![one(1, 20)]),
        ("only a log", fill(0, 5, 30)),
        (
            "a group",
            vec![Step::Group((0..4).map(|n| vec![put(n, 9)]).collect(), Durability::Strict)],
        ),
        ("relaxed commits last", vec![one(1, 9), relaxed(2), relaxed(3)]),
        ("logs recycled", [fill(0, 70, 120), vec![delete(3)]].concat()),
        ("catalogs", vec![catalog(b"first"), one(1, 9), catalog(b"second"), one(2, 9)]),
        ("a flush, then a log", [fill(0, 4, 80), vec![flush.clone(), one(9, 9)]].concat()),
        ("several runs", (0..4).flat_map(|n| [other(n), flush.clone()]).collect()),
        (
            "several levels",
            [
                fill(0, 9, 90),
                vec![flush.clone(), work.clone()],
                fill(4, 9, 90),
                vec![flush.clone()],
            ]
            .concat(),
        ),
        ("a large write set", vec![one(1, 9), large(20), one(2, 9)]),
        ("large write sets only", vec![large(0), large(6)]),
        ("deleted", vec![one(1, 60), one(2, 60), flush.clone(), delete(1), flush.clone()]),
        ("compacted", [fill(0, 8, 70), vec![flush.clone(), delete(3), Step::Compact]].concat()),
        ("closed", [fill(0, 6, 70), vec![Step::Close]].concat()),
        ("closed, then written to", [fill(0, 4, 70), vec![Step::Close, one(9, 9)]].concat()),
        (
            "retired",
            vec![
                Step::Group(
                    vec![vec![(retired, Some(vec![1; 90])), put(1, 9)]],
                    Durability::Strict,
                ),
                flush,
                retire,
                one(2, 9),
            ],
        ),
    ];
    scripts.into_iter().map(|(name, steps)| by_script(name, &Script(steps))).collect()
}

fn by_script(name: &str, script: &Script) -> Subject {
    let sim = SimStorage::new(1);
    let mut host = Host::new(&sim, 1);
    let mut store = host.open().unwrap();
    let (mut history, mut earlier) = (History::default(), Vec::new());
    for step in &script.0 {
        earlier.push(sim.image());
        host.run_step(&mut store, step, &mut history).unwrap();
    }
    Subject::new(name, sim.image(), earlier, false)
}

fn random(seed: u64, closed: bool) -> Subject {
    let mut script = Script::random(seed, 12);
    if closed {
        script.0.push(Step::Close);
    }
    by_script(&format!("random {seed}"), &script)
}

fn after_a_crash(name: &str, choose: impl Fn(entidb::storage::fault::Cuts) -> Image) -> Subject {
    let sim = SimStorage::new(3);
    let mut host = Host::new(&sim, 1);
    let mut store = host.open().unwrap();
    let (mut history, mut earlier) = (History::default(), Vec::new());
    let relaxed = |n| Step::Group(vec![vec![put(n, 50)]], Durability::Relaxed);
    for step in [fill(0, 5, 60), vec![Step::Flush, one(7, 9), relaxed(8), relaxed(9)]].concat() {
        if history.strict == history.acknowledged {
            earlier.push(sim.durable_image());
        }
        host.run_step(&mut store, &step, &mut history).unwrap();
    }
    Subject::new(name, choose(sim.power_cut(PowerCut::default())), earlier, false)
}

/// Old versions that a snapshot sees stay through a compaction.
fn with_pinned_versions() -> Subject {
    let sim = SimStorage::new(1);
    let mut host = Host::new(&sim, 1);
    let mut store = host.open().unwrap();
    let (mut history, mut earlier) = (History::default(), Vec::new());
    for round in 0..3 {
        for step in [one(1, 90 + round), one(2, 40), Step::Flush] {
            host.run_step(&mut store, &step, &mut history).unwrap();
        }
        store.pin(store.visible_seq());
        earlier.push(sim.image());
    }
    host.run_step(&mut store, &Step::Compact, &mut history).unwrap();
    Subject::new("versions kept for snapshots", sim.image(), earlier, false)
}

/// Commits were refused for want of space, and went on once there was some.
fn full_for_a_while() -> Subject {
    let sim = SimStorage::new(1);
    let mut host = Host::new(&sim, 1);
    let mut store = host.open().unwrap();
    let (mut history, mut earlier) = (History::default(), Vec::new());
    host.run_step(&mut store, &one(1, 90), &mut history).unwrap();
    sim.set_quota(Some(sim.image().total_len()));
    let refused = (2..80).filter(|n| {
        let refused = host.run_step(&mut store, &one(*n, 200), &mut history).is_err();
        if refused {
            store.discard();
        }
        refused
    });
    assert!(refused.count() > 0, "the storage was full");
    earlier.push(sim.image());
    sim.set_quota(None);
    host.run_step(&mut store, &one(90, 40), &mut history).unwrap();
    Subject::new("full for a while", sim.image(), earlier, false)
}

fn with_documents() -> Vec<Subject> {
    let names = ["documents", "documents, flushed", "documents, closed", "a half-built index"];
    names.into_iter().map(documents).collect()
}

/// Two collections with indexes of every kind, one of which was cleared and filled again.
fn documents(name: &str) -> Subject {
    let sim = SimStorage::new(1);
    let mut db = Database::open(sim.clone(), &options()).unwrap();
    let specs = [
        IndexSpec::ordered(["n"]),
        IndexSpec::ordered(["u"]).unique(),
        IndexSpec::hash(["tags"]).each(),
    ];
    let (tasks, _) = db.create_collection("tasks", &specs).unwrap();
    let (notes, _) = db.create_collection("notes", &[]).unwrap();
    put_documents(&mut db, tasks, 0..2, 30);
    let _ = db.clear(tasks).unwrap();
    let mut earlier = vec![sim.image()];
    put_documents(&mut db, tasks, 0..5, 30);
    put_documents(&mut db, notes, 0..2, 30);
    put_documents(&mut db, notes, 2..3, 2300);
    earlier.push(sim.image());
    match name {
        "documents" => {}
        "documents, flushed" => drop(db.checkpoint().unwrap()),
        "documents, closed" => drop(db.close().unwrap()),
        _ => {
            let _ = db.create_index(notes, &IndexSpec::ordered(["n"])).unwrap();
            db.build_step(BuildBudget { documents: 1, bytes: 1 }).unwrap();
        }
    }
    Subject::new(name, sim.image(), earlier, true)
}

pub fn put_documents<S: Storage>(
    db: &mut Database<S>,
    collection: entidb::CollectionId,
    numbers: std::ops::Range<u32>,
    len: usize,
) {
    for n in numbers {
        let id = entidb::codec::id::Id::from(i64::from(n)).encode().unwrap();
        let document = document(n, len);
        let change = Change::Put(&document);
        let op = Op { collection, id: &id, change, if_match: IfMatch::Any };
        db.stage(&[op]).unwrap();
        let _ = db.commit(Durability::Strict).unwrap();
    }
}

pub fn document(n: u32, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    fastrand::Rng::with_seed(n.into()).fill(&mut bytes);
    let tag = |tag: &str| Value::Text(tag.to_owned());
    let properties = [
        ("n", Value::Number(f64::from(n % 3))),
        ("u", Value::Number(f64::from(n))),
        ("tags", Value::Array(vec![tag("a"), tag(if n.is_multiple_of(2) { "b" } else { "c" })])),
        ("body", Value::Bytes(bytes)),
    ];
    let map = properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Value::Object(map).encode().unwrap()
}
