//! Damage of every kind, and what may come of it: the data as it was, or `Corrupt` and where; never
//! anything else.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "each test file uses a part of it, and helpers of tests may fail"
)]

pub mod files;
pub mod format;
pub mod subjects;

use std::collections::BTreeMap;
use std::ops::{Bound, Range};

use entidb::kv::{Batch, Direction, Findings, KeyRange, Store, View};
use entidb::storage::{FileId, Storage};
use entidb::{Database, Durability, Error, ErrorKind, Geometry, Options, Result};
use files::Files;
use format::Part;
use subjects::Subject;

use crate::store_script::{RETIRED_PREFIX, key};

/// Where bytes were changed.
pub type Touched = (FileId, Range<usize>);

/// What a store holds, as keys and values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub entries: BTreeMap<Vec<u8>, Vec<u8>>,
    pub catalog: Vec<u8>,
}

/// How cases ended.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub cases: u64,
    /// Everything was there.
    pub harmless: u64,
    /// The open failed.
    pub refused: u64,
    /// Something could not be read, and everything in other places could.
    pub local: u64,
    /// What was not promised to survive is gone.
    pub tail_dropped: u64,
    /// Damage that reading did not meet, and a verification found.
    pub verified: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.harmless += other.harmless;
        self.refused += other.refused;
        self.local += other.local;
        self.tail_dropped += other.tail_dropped;
        self.verified += other.verified;
    }
}

/// What a case may end in, and what is done in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Whether reads go both ways, and a write and another open follow.
    pub thorough: bool,
    /// Whether a whole file is another one, so that the database may be as it was earlier.
    pub is_other_file: bool,
    /// Whether checksums were made right again, so that what was changed means something.
    pub is_sealed: bool,
}

impl Case {
    pub const QUICK: Self = Self { thorough: false, is_other_file: false, is_sealed: false };
    pub const THOROUGH: Self = Self { thorough: true, ..Self::QUICK };
    pub const OTHER_FILE: Self = Self { is_other_file: true, ..Self::THOROUGH };
}

pub fn options() -> Options {
    Options {
        database_id: *b"crash simulation",
        geometry: Geometry::TINY,
        cache_bytes: 16 * 1024,
        ..Options::default()
    }
}

/// Everything in a store; `both_ways` also backwards and key by key, which has to be the same.
pub fn read_all<S: Storage>(store: &Store<S>, both_ways: bool) -> Result<Contents> {
    let (contents, agree) = read_ways(store, both_ways)?;
    assert!(agree, "each way leads to the same");
    Ok(contents)
}

/// Everything in a store, and whether each way of reading leads to it.
fn read_ways<S: Storage>(store: &Store<S>, both_ways: bool) -> Result<(Contents, bool)> {
    let range = KeyRange { lower: Bound::Unbounded, upper: Bound::Unbounded };
    let view = View::at(store.visible_seq());
    let mut entries = BTreeMap::new();
    let mut scan = store.scan(view, &range, Direction::Forward)?;
    while scan.advance()? {
        entries.insert(scan.key().to_vec(), scan.value().to_vec());
    }
    let mut agree = true;
    if both_ways {
        let mut scan = store.scan(view, &range, Direction::Reverse)?;
        let (mut count, mut value) = (0, Vec::new());
        while scan.advance()? {
            agree &= entries.get(scan.key()).map(Vec::as_slice) == Some(scan.value());
            count += 1;
        }
        agree &= count == entries.len();
        for (key, expected) in &entries {
            agree &= store.get(view, key, &mut value)? && value == *expected;
        }
    }
    Ok((Contents { entries, catalog: store.catalog().to_vec() }, agree))
}

/// A whole verification of the files.
pub fn verify<S: Storage>(store: &Store<S>) -> Result<Findings> {
    let mut verification = store.verify_begin();
    while store.verify_step(&mut verification, 512)? {}
    Ok(verification.findings().clone())
}

/// Opens damaged files, one subject after the other.
pub struct Exam<'s> {
    pub subject: &'s Subject,
    pub files: Files,
    pub tally: Tally,
}

impl<'s> Exam<'s> {
    pub fn new(subject: &'s Subject) -> Self {
        let files = Files::new(subject.image.clone());
        Self { subject, files, tally: Tally::default() }
    }

    /// Looks at the damaged files, and puts them back as they were.
    pub fn examine(&mut self, touched: &[Touched], case: Case, context: &str) {
        self.tally.cases += 1;
        let context = format!("{}: {context}", self.subject.name);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.open(touched, case, &context);
        }));
        if let Err(panic) = outcome {
            println!("in {context}");
            std::panic::resume_unwind(panic);
        }
        self.files.restore();
    }

    fn open(&mut self, touched: &[Touched], case: Case, context: &str) {
        let store = match Store::open(self.files.clone(), &options()) {
            Ok(store) => store,
            Err(error) => {
                expect_damage(&error, case, context);
                self.tally.refused += 1;
                return;
            }
        };
        let is_empty = self.subject.contents == Contents::default();
        assert!(
            !store.created() || is_empty,
            "{context}: a new database in the place of a known one"
        );
        let read = if case.is_sealed {
            read_ways(&store, case.thorough).map(|(contents, _)| contents)
        } else {
            read_all(&store, case.thorough)
        };
        let found = match &read {
            Ok(contents) => {
                self.judge(contents, touched, case, context);
                Some(contents.clone())
            }
            Err(error) => {
                expect_damage(error, case, context);
                self.tally.local += 1;
                self.check_others(&store, touched, case, context);
                None
            }
        };
        self.check_verification(&store, touched, found.as_ref(), case, context);
        if case.thorough {
            self.check_documents(case, context);
            self.write_and_reopen(store, found, case, context);
        }
    }

    /// Holds what was read against what may be there.
    fn judge(&mut self, contents: &Contents, touched: &[Touched], case: Case, context: &str) {
        if self.is_same(contents, &self.subject.contents) {
            self.tally.harmless += 1;
            return;
        }
        if case.is_sealed {
            // Who changes a value and its checksum has written another value.
            return;
        }
        if case.is_other_file {
            let is_earlier = self.subject.earlier.iter().any(|image| {
                let files = Files::new(image.clone());
                let store = Store::open(files, &options());
                store
                    .and_then(|store| read_all(&store, false))
                    .is_ok_and(|c| self.is_same(contents, &c))
            });
            if is_earlier {
                self.tally.tail_dropped += 1;
                return;
            }
        }
        assert!(self.is_without_tail(contents, touched), "{context}: wrong data");
        self.tally.tail_dropped += 1;
    }

    /// Whether the contents are those without frames that were hit, which nobody behind says to
    /// have been durable.
    fn is_without_tail(&self, contents: &Contents, touched: &[Touched]) -> bool {
        let Some((file, frames, states)) = &self.subject.tail else { return false };
        let hits = |frame: &format::Frame| {
            touched.iter().any(|(f, r)| f == file && r.start < frame.end && frame.at < r.end)
        };
        let Some(first) = frames.iter().position(hits) else { return false };
        let Some(count) = (first..frames.len()).find(|n| self.is_same(contents, &states[*n]))
        else {
            return false;
        };
        let lost = frames[count].first_seq;
        !frames[count..].iter().any(|frame| !hits(frame) && frame.durable_seq >= lost)
    }

    /// What is not read any more may be there or not.
    fn is_same(&self, one: &Contents, other: &Contents) -> bool {
        let is_read = |key: &Vec<u8>| match key.as_slice() {
            [_, 0, 0, 0, 2..=5, ..] if self.subject.has_documents => false,
            key => !key.starts_with(&RETIRED_PREFIX) || self.subject.has_documents,
        };
        let read = |contents: &Contents| -> Vec<_> {
            let read = contents.entries.iter().filter(|(key, _)| is_read(key));
            read.map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        one == other || one.catalog == other.catalog && read(one) == read(other)
    }

    /// A damaged block takes no more with it than what lies under the same prefix.
    fn check_others(&self, store: &Store<Files>, touched: &[Touched], case: Case, context: &str) {
        let layout = &self.subject.layout;
        let hit = touched.iter().flat_map(|(file, range)| {
            let in_range = layout.regions.iter().filter(move |region| {
                region.file == *file && region.at < range.end && range.start < region.end()
            });
            in_range.filter_map(|region| match region.part {
                Part::Block { segment, .. } => Some(segment),
                _ => None,
            })
        });
        let prefix_of = |segment| {
            let own = layout.prefixes.iter().find(|(id, _)| *id == segment);
            own.map(|(_, prefix)| prefix.clone()).unwrap()
        };
        let damaged: Vec<Vec<u8>> = hit.map(prefix_of).collect();
        let view = View::at(store.visible_seq());
        let mut value = Vec::new();
        for (key, expected) in &self.subject.contents.entries {
            let is_near = damaged.iter().any(|prefix| key.starts_with(prefix));
            match store.get(view, key, &mut value) {
                Ok(true) if case.is_sealed || value == *expected => {}
                Ok(_) if case.is_sealed || case.is_other_file => {}
                Ok(found) if self.is_of_tail(key, found.then_some(&value), touched) => {}
                Ok(found) => panic!("{context}: wrong data for {key:?}, found {found}"),
                Err(error) => {
                    expect_damage(&error, case, context);
                    let allowed = is_near || case.is_sealed || case.is_other_file;
                    assert!(allowed, "{context}: {key:?} is far from the damage: {error:?}");
                }
            }
        }
    }

    /// Whether a log that was hit, without its last frames, has this value or none.
    fn is_of_tail(&self, key: &[u8], value: Option<&Vec<u8>>, touched: &[Touched]) -> bool {
        let Some((file, _, states)) = &self.subject.tail else { return false };
        let is_hit = touched.iter().any(|(touched, _)| touched == file);
        is_hit && states.iter().any(|state| state.entries.get(key) == value)
    }

    /// A verification names every change of live bytes, and none where there is none.
    fn check_verification(
        &mut self,
        store: &Store<Files>,
        touched: &[Touched],
        found: Option<&Contents>,
        case: Case,
        context: &str,
    ) {
        let findings =
            verify(store).unwrap_or_else(|error| panic!("{context}: verify failed: {error:?}"));
        for problem in &findings.problems {
            let details = &problem.details;
            let is_placed = details.file.is_some() && details.offset.is_some();
            assert!(is_placed || case.is_sealed, "{context}: {problem:?}");
        }
        if found.is_none() {
            assert!(!findings.is_ok() || case.is_sealed, "{context}: nothing found");
            return;
        }
        let is_same = found.is_some_and(|found| self.is_same(found, &self.subject.contents));
        if case.is_sealed || case.is_other_file || !is_same {
            return;
        }
        let (base, now) = (&self.subject.image, self.files.image_of(touched));
        let is_live = touched.iter().zip(&now).any(|((file, range), now)| {
            let changed = |at: usize| base.file(*file).get(at) != now.get(at - range.start);
            range
                .clone()
                .any(|at| changed(at) && self.subject.layout.region_at(*file, at).is_some())
        });
        // Where both copies of the newest root are gone, there may be nothing that speaks of it.
        let hides_root = touched.iter().any(|(file, range)| {
            let slots = [8192, 12288];
            *file == FileId::Volume
                && slots.iter().any(|s| range.start <= *s && s + 2152 <= range.end)
        });
        if is_live {
            assert!(
                findings.problem_count > 0 || hides_root,
                "{context}: damage that a verification overlooks"
            );
            self.tally.verified += 1;
        } else {
            assert!(findings.is_ok(), "{context}: a false alarm: {:?}", findings.problems);
        }
    }

    /// The database over the store opens as well, and its verification ends.
    fn check_documents(&self, case: Case, context: &str) {
        if !self.subject.has_documents {
            return;
        }
        let mut db = match Database::open(self.files.clone(), &options()) {
            Ok(db) => db,
            Err(error) => return assert_kind(&error, case, context),
        };
        let mut verification = db.verify_begin().unwrap();
        while db.verify_step(&mut verification, 512).unwrap() {}
    }

    fn write_and_reopen(
        &self,
        mut store: Store<Files>,
        found: Option<Contents>,
        case: Case,
        context: &str,
    ) {
        let new = key(9, 7777);
        let mut batch = Batch::new();
        batch.put(&new, b"written after the damage").unwrap();
        let written = store.stage(&batch).and_then(|_| store.commit(Durability::Strict));
        let written = match written {
            Ok(_) if self.tally.cases.is_multiple_of(2) => store.close().map(drop),
            written => written.map(drop),
        };
        drop(store);
        if let Err(error) = &written {
            assert_kind(error, case, context);
        }
        let again = match Store::open(self.files.clone(), &options()) {
            Ok(again) => again,
            Err(error) => {
                expect_damage(&error, case, context);
                assert!(
                    case.is_sealed || written.is_err(),
                    "{context}: lost by a write: {error:?}"
                );
                return;
            }
        };
        let Some(mut expected) = found else {
            return self.check_others(&again, &[], Case { is_other_file: true, ..case }, context);
        };
        match read_ways(&again, true) {
            Ok((mut contents, agree)) => {
                assert!(agree || case.is_sealed, "{context}: not the same both ways");
                if written.is_ok() {
                    let is_there = contents.entries.contains_key(&new);
                    assert!(is_there || case.is_sealed, "{context}: the write is gone");
                }
                contents.entries.remove(&new);
                expected.entries.remove(&new);
                assert!(
                    case.is_sealed || self.is_same(&contents, &expected),
                    "{context}: wrong data after a write"
                );
            }
            Err(error) => {
                expect_damage(&error, case, context);
                assert!(case.is_sealed, "{context}: unreadable after a write: {error:?}");
            }
        }
    }
}

fn assert_kind(error: &Error, case: Case, context: &str) {
    let newer = case.is_sealed && error.kind() == ErrorKind::VersionMismatch;
    let limit = case.is_sealed && error.kind() == ErrorKind::LimitExceeded;
    assert!(newer || limit || error.kind() == ErrorKind::Corrupt, "{context}: {error:?}");
}

/// Damage is `Corrupt`, with the place and what to do.
fn expect_damage(error: &Error, case: Case, context: &str) {
    assert_kind(error, case, context);
    if !case.is_sealed {
        let details = error.details();
        assert!(details.file.is_some() && details.offset.is_some(), "{context}: {error:?}");
        assert!(error.message().contains("restore a backup"), "{context}: {error:?}");
    }
}
