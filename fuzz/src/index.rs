//! What a document has in an index, before and after a change, and keys of entries as they come.

use arbitrary::Arbitrary;
use entidb::IndexSpec;
use entidb::fuzz;

use crate::decode;
use crate::value::{AnyDocument, AnyId};

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    Documents { spec: Spec<'a>, id: AnyId, documents: Box<[AnyDocument; 2]> },
    Entry { spec: Spec<'a>, key: &'a [u8], value: &'a [u8] },
}

#[derive(Debug, Arbitrary)]
struct Spec<'a> {
    unique: bool,
    each: bool,
    hash: bool,
    fields: [u8; 3],
    field: &'a str,
}

impl Spec<'_> {
    fn build(&self) -> IndexSpec {
        let mut fields: Vec<&str> = Vec::new();
        for choice in self.fields {
            match choice % 8 {
                0 => {}
                1 => fields.push(self.field),
                2 => fields.push("id"),
                3 => fields.push("a.b"),
                4 | 5 => fields.push("a"),
                _ => fields.push("b"),
            }
        }
        let spec = if self.hash { IndexSpec::hash(fields) } else { IndexSpec::ordered(fields) };
        IndexSpec { unique: self.unique, each: self.each, ..spec }
    }
}

/// The target; see the [module](self).
pub fn run(data: &[u8]) {
    match decode(data) {
        Some(Input::Documents { spec, id, documents }) => {
            let id = id.0.encode().expect("an id that can be stored");
            let [old, new] = documents.map(|document| document.encode());
            fuzz::index(&spec.build(), &id, [&old, &new]);
        }
        Some(Input::Entry { spec, key, value }) => fuzz::index_entry(&spec.build(), key, value),
        None => {}
    }
}
