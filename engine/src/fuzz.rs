//! What the fuzz targets ask of the parts that are not public: each function takes what a fuzzer
//! made up, and panics where the engine breaks a promise. In no build without the feature
//! `fuzzing`. The targets themselves are in `fuzz/`.

#![allow(clippy::missing_panics_doc, reason = "to panic is what these functions are for")]

pub use crate::kv::fuzz::{manifest, reseal, retired, root, superblock};
pub use crate::kv::log::fuzz::{log, reseal_log};
pub use crate::kv::segment::fuzz::{Edit, Entries, block, built_block, sealed_block, segment};

use crate::catalog::{Catalog, IndexSpec, IndexState};
use crate::codec::id;
use crate::error::{Error, ErrorKind};
use crate::index::{self, Claim, Entry};
use crate::limits::KEY_BYTES_MAX;

/// A catalog from bytes that anybody could have written.
pub fn catalog(bytes: &[u8]) {
    let Ok(catalog) = Catalog::decode(bytes) else { return };
    let encoded = catalog.encode();
    assert_eq!(Catalog::decode(&encoded).ok(), Some(catalog), "a catalog reads back");
}

/// The index entries of two canonical documents under one id, as an update derives them.
pub fn index(spec: &IndexSpec, id: &[u8], documents: [&[u8]; 2]) {
    let mut catalog = Catalog::default();
    let index = catalog.create_collection("fuzz").and_then(|collection| {
        catalog.create_index(collection, spec, IndexState::Ready)?;
        Ok(catalog.collection(collection)?.indexes.first().cloned())
    });
    let Ok(Some(index)) = index else { return };
    if id::check(id).is_err() {
        return;
    }
    let mut both = Vec::new();
    for document in documents {
        match index::entries(&index, id, document) {
            Ok(entries) => {
                check_entries(&index, id, &entries);
                both.push(entries);
            }
            Err(error) => check_refusal(&error),
        }
    }
    let Ok([old, new]) = <[Vec<Entry>; 2]>::try_from(both) else { return };
    let (gone, come) = index::difference(old.clone(), new.clone());
    let mut updated: Vec<Entry> = old.into_iter().filter(|entry| !gone.contains(entry)).collect();
    assert!(come.iter().all(|entry| !updated.contains(entry)), "what is there is not added again");
    updated.extend(come);
    updated.sort();
    assert_eq!(updated, new, "the difference makes the new entries of the old ones");
}

fn check_entries(index: &crate::catalog::Index, id: &[u8], entries: &[Entry]) {
    let ascending = entries.iter().zip(entries.iter().skip(1)).all(|(a, b)| a.key < b.key);
    assert!(ascending, "entries are in order, each once");
    for entry in entries {
        assert!(entry.key.len() <= KEY_BYTES_MAX, "a key is within its limit");
        let value = if entry.claim == Claim::Key { id } else { &[] };
        let parts = index::split(index, &entry.key, value);
        assert_eq!(parts.map(|parts| parts.id).ok(), Some(id), "an entry names its document");
    }
}

fn check_refusal(error: &Error) {
    let typed = matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::LimitExceeded);
    assert!(typed, "a canonical document is indexed or refused: {error:?}");
}

/// The key and value of an index entry from bytes that anybody could have written.
pub fn index_entry(spec: &IndexSpec, key: &[u8], value: &[u8]) {
    let mut catalog = Catalog::default();
    let index = catalog.create_collection("fuzz").and_then(|collection| {
        catalog.create_index(collection, spec, IndexState::Ready)?;
        Ok(catalog.collection(collection)?.indexes.first().cloned())
    });
    let Ok(Some(index)) = index else { return };
    if let Ok(parts) = index::split(&index, key, value) {
        assert!(parts.values.len() + parts.id.len() <= key.len() + value.len());
    }
}
