//! The catalog as bytes. FORMAT.md, section 5.4.

use std::sync::Arc;

use super::{Collection, CollectionId, Index, IndexId, IndexKind, IndexSpec, IndexState};
use crate::codec::bytes::Reader;
use crate::codec::cbor::{put_bool, put_text};
use crate::codec::message::{Fields, flag, list, put_list, put_map, put_unsigned, small, text};
use crate::error::{Error, Result};

/// What the bytes say; whether it makes sense is for the catalog to check.
pub(super) struct Stored {
    pub next_id: u32,
    pub schema_version: u32,
    pub collections: Vec<Collection>,
}

/// The bytes of a catalog.
pub(super) fn encode<'a>(
    next_id: u32,
    schema_version: u32,
    collections: impl ExactSizeIterator<Item = &'a Arc<Collection>>,
) -> Vec<u8> {
    let mut out = Vec::new();
    put_map(&mut out, 3);
    put_text(&mut out, "next_id");
    put_unsigned(&mut out, u64::from(next_id));
    put_text(&mut out, "schema_version");
    put_unsigned(&mut out, u64::from(schema_version));
    put_text(&mut out, "collections");
    put_list(&mut out, collections.len());
    for collection in collections {
        put_collection(&mut out, collection);
    }
    out
}

/// Reads what [`encode`] wrote.
pub(super) fn decode(bytes: &[u8]) -> Result<Stored> {
    let mut reader = Reader::new(bytes);
    let reader = &mut reader;
    let mut fields = Fields::start(reader)?;
    fields.name(reader, "next_id")?;
    let next_id = small(reader)?;
    fields.name(reader, "schema_version")?;
    let schema_version = small(reader)?;
    fields.name(reader, "collections")?;
    let collections = list(reader, collection)?;
    fields.finish(reader)?;
    if !reader.is_empty() {
        return Err(Error::decode("more follows"));
    }
    Ok(Stored { next_id, schema_version, collections })
}

fn put_collection(out: &mut Vec<u8>, collection: &Collection) {
    put_map(out, 4);
    put_text(out, "id");
    put_unsigned(out, u64::from(collection.id.0));
    put_text(out, "data");
    put_unsigned(out, u64::from(collection.data));
    put_text(out, "name");
    put_text(out, &collection.name);
    put_text(out, "indexes");
    put_list(out, collection.indexes.len());
    for index in &collection.indexes {
        put_index(out, index);
    }
}

fn collection(reader: &mut Reader<'_>) -> Result<Collection> {
    let mut fields = Fields::start(reader)?;
    fields.name(reader, "id")?;
    let id = CollectionId(small(reader)?);
    fields.name(reader, "data")?;
    let data = small(reader)?;
    fields.name(reader, "name")?;
    let name = text(reader)?.to_owned();
    fields.name(reader, "indexes")?;
    let indexes = list(reader, index)?;
    fields.finish(reader)?;
    Ok(Collection { id, data, name, indexes })
}

fn put_index(out: &mut Vec<u8>, index: &Index) {
    put_map(out, 3);
    put_text(out, "id");
    put_unsigned(out, u64::from(index.id.0));
    put_text(out, "spec");
    put_map(out, 4);
    put_text(out, "fields");
    put_list(out, index.spec.fields.len());
    for field in &index.spec.fields {
        put_text(out, field);
    }
    put_text(out, "unique");
    put_bool(out, index.spec.unique);
    put_text(out, "each");
    put_bool(out, index.spec.each);
    put_text(out, "kind");
    put_text(
        out,
        match index.spec.kind {
            IndexKind::Ordered => "ordered",
            IndexKind::Hash => "hash",
        },
    );
    put_text(out, "state");
    put_text(
        out,
        match index.state {
            IndexState::Ready => "ready",
            IndexState::Building => "building",
        },
    );
}

fn index(reader: &mut Reader<'_>) -> Result<Index> {
    let mut fields = Fields::start(reader)?;
    fields.name(reader, "id")?;
    let id = IndexId(small(reader)?);
    fields.name(reader, "spec")?;
    let spec = spec(reader)?;
    fields.name(reader, "state")?;
    let state = match text(reader)? {
        "ready" => IndexState::Ready,
        "building" => IndexState::Building,
        _ => return Err(Error::decode("the state of an index is not known")),
    };
    fields.finish(reader)?;
    let paths = spec.paths()?;
    Ok(Index { id, spec, state, paths })
}

fn spec(reader: &mut Reader<'_>) -> Result<IndexSpec> {
    let mut names = Fields::start(reader)?;
    names.name(reader, "fields")?;
    let fields = list(reader, |field| text(field).map(str::to_owned))?;
    names.name(reader, "unique")?;
    let unique = flag(reader)?;
    names.name(reader, "each")?;
    let each = flag(reader)?;
    names.name(reader, "kind")?;
    let kind = match text(reader)? {
        "ordered" => IndexKind::Ordered,
        "hash" => IndexKind::Hash,
        _ => return Err(Error::decode("the kind of an index is not known")),
    };
    names.finish(reader)?;
    Ok(IndexSpec { fields, unique, each, kind })
}

#[cfg(test)]
mod tests {
    use ciborium::{Value, cbor};

    use super::super::Catalog;
    use super::*;

    fn sample() -> Catalog {
        let mut catalog = Catalog { schema_version: 3, ..Catalog::default() };
        let tasks = catalog.create_collection("tasks").unwrap();
        catalog.create_collection("projects").unwrap();
        let spec = IndexSpec::ordered(["projectId", "due.at"]);
        catalog.create_index(tasks, &spec, IndexState::Ready).unwrap();
        let spec = IndexSpec::hash(["slug"]).unique().each();
        catalog.create_index(tasks, &spec, IndexState::Building).unwrap();
        catalog
    }

    fn expected() -> Value {
        let index = |id: u32, fields: &[&str], options: bool, kind: &str, state: &str| {
            cbor!({
                "id" => id,
                "spec" =>
                    { "fields" => fields, "unique" => options, "each" => options, "kind" => kind },
                "state" => state,
            })
            .unwrap()
        };
        let indexes = [
            index(5, &["projectId", "due.at"], false, "ordered", "ready"),
            index(6, &["slug"], true, "hash", "building"),
        ];
        cbor!({
            "next_id" => 7,
            "schema_version" => 3,
            "collections" => [
                { "id" => 1, "data" => 2, "name" => "tasks", "indexes" => indexes },
                { "id" => 3, "data" => 4, "name" => "projects", "indexes" => [] },
            ],
        })
        .unwrap()
    }

    #[test]
    fn a_catalog_is_the_message_that_the_format_describes() {
        let mut message = Vec::new();
        ciborium::into_writer(&expected(), &mut message).unwrap();
        assert_eq!(sample().encode(), message);
        assert_eq!(Catalog::decode(&message).unwrap(), sample());
    }

    #[test]
    fn a_catalog_that_is_cut_off_or_goes_on_is_refused() {
        let mut bytes = sample().encode();
        for end in 1..bytes.len() {
            assert!(Catalog::decode(bytes.get(..end).unwrap()).is_err(), "{end}");
        }
        bytes.push(0);
        assert!(Catalog::decode(&bytes).is_err());
    }
}
