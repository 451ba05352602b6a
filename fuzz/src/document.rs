//! Documents: bytes that may be one, and documents with patches and paths.

use arbitrary::Arbitrary;
use entidb::ErrorKind;
use entidb::codec::id;
use entidb::codec::path::{self, Path};
use entidb::codec::value::Value;
use entidb::codec::{cbor, patch};

use crate::value::{AnyDocument, AnyId, AnyValue};
use crate::{bounded, decode};

#[derive(Debug, Arbitrary)]
struct Structured<'a> {
    id: AnyId,
    document: AnyDocument,
    patch: AnyDocument,
    deleted: Vec<&'a str>,
    path: Vec<&'a str>,
    value: AnyValue,
}

/// The target; see the [module](self). An even first byte stands before bytes as they are.
pub fn run(data: &[u8]) {
    let Some((mode, bytes)) = data.split_first() else { return };
    if mode % 2 == 0 {
        bounded(bytes.len(), 512, 64 * 1024, || check_raw(bytes));
    } else if let Some(input) = decode::<Structured<'_>>(bytes) {
        check_structured(&input);
    }
}

fn check_raw(bytes: &[u8]) {
    match cbor::validate_value(bytes) {
        Ok(()) => {
            let value = Value::decode(bytes).expect("what is valid decodes");
            let again = value.encode().expect("what decodes is encoded");
            assert_eq!(again, bytes, "a value has one form");
            let mut key = Vec::new();
            entidb::codec::key::encode_value(bytes, &mut key).expect("what is valid has a key");
        }
        Err(error) => {
            let kinds = [ErrorKind::InvalidInput, ErrorKind::LimitExceeded];
            assert!(kinds.contains(&error.kind()), "{error:?}");
            assert!(Value::decode(bytes).is_err());
        }
    }
    let is_document = cbor::validate(bytes).is_ok();
    assert!(!is_document || cbor::validate_value(bytes).is_ok(), "a document is a value");
    let Ok(path) = Path::parse("a.b") else { return };
    let found = path::find(bytes, &path);
    let each = path::each(bytes, &path, |_| Ok(()));
    let merged = patch::apply(bytes, bytes, &["a"]);
    assert!(!is_document || found.is_ok() && each.is_ok());
    assert!(!is_document || merged.as_deref().ok() == Some(bytes), "a patch of itself is itself");
}

fn check_structured(input: &Structured<'_>) {
    let value = input.value.0.encode().expect("a value that can be stored");
    assert_eq!(Value::decode(&value).ok().as_ref(), Some(&input.value.0), "a value reads back");

    let (document, set) = (input.document.encode(), input.patch.encode());
    cbor::validate(&document).expect("a document");
    let merged = patch::apply(&document, &set, &input.deleted).expect("a patch");
    cbor::validate(&merged).expect("a patched document");
    let mut wanted = input.document.0.clone();
    wanted.retain(|name, _| !input.deleted.contains(&name.as_str()));
    wanted.extend(input.patch.0.clone());
    assert_eq!(Value::decode(&merged).ok(), Some(Value::Object(wanted)), "a patch is a merge");

    let hash = id::hash(&input.id.0, &document).expect("a document");
    let other = id::hash(&input.id.0, &merged).expect("a document");
    assert_eq!(hash == other, merged == document, "hashes tell documents apart");

    let mut names: Vec<&str> = input.path.iter().copied().take(4).collect();
    names.extend(input.document.0.keys().next().map(String::as_str));
    for path in [names.join("."), "a.b.a".to_owned(), "b.a".to_owned()] {
        check_path(&input.document, &document, &path);
    }
}

fn check_path(document: &AnyDocument, bytes: &[u8], text: &str) {
    let Ok(path) = Path::parse(text) else { return };
    let root = Value::Object(document.0.clone());
    let names: Vec<&str> = text.split('.').collect();
    let wanted = lead(&root, &names);
    let found = path::find(bytes, &path).expect("a document");
    assert_eq!(found.map(|found| Value::decode(found).expect("a value")).as_ref(), wanted);

    let mut seen = Vec::new();
    path::each(bytes, &path, |value| {
        seen.push(value.map(|value| Value::decode(value).expect("a value")));
        Ok(())
    })
    .expect("a document");
    let mut wanted = Vec::new();
    each(&root, &names, &mut wanted);
    assert_eq!(seen.iter().map(Option::as_ref).collect::<Vec<_>>(), wanted);
}

fn lead<'v>(value: &'v Value, names: &[&str]) -> Option<&'v Value> {
    let Some((name, rest)) = names.split_first() else { return Some(value) };
    let Value::Object(properties) = value else { return None };
    lead(properties.get(*name)?, rest)
}

/// What a path leads to through one array.
fn each<'v>(value: &'v Value, names: &[&str], seen: &mut Vec<Option<&'v Value>>) {
    if let Value::Array(elements) = value {
        seen.extend(elements.iter().map(|element| lead(element, names)));
        if elements.is_empty() {
            seen.push(None);
        }
        return;
    }
    let Some((name, rest)) = names.split_first() else { return seen.push(Some(value)) };
    match value {
        Value::Object(properties) if properties.contains_key(*name) => {
            each(&properties[*name], rest, seen);
        }
        _ => seen.push(None),
    }
}
