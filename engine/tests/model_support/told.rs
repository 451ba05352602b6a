//! What transactions were told, to be held against what they would be told when they commit.

use entidb::{CollectionId, Output, QueryPlan};

use super::oracle::{Model, Write};

/// What a transaction did, and what it was told.
pub enum Told {
    Wrote(Vec<Write>),
    Document(CollectionId, Vec<u8>, Option<Vec<u8>>),
    Count(CollectionId, u64),
    /// The plan, the rows delivered, and whether there were no more.
    Rows(QueryPlan, Vec<(Vec<u8>, Option<Vec<u8>>)>, bool),
}

/// Does over what a transaction did; an error where it would have been told something else.
pub fn replay(model: &mut Model, told: &[Told], ready_only: bool) -> Result<(), String> {
    for step in told {
        let is_same = match step {
            Told::Wrote(writes) => {
                model.apply(writes, ready_only).map_err(|kind| format!("{kind:?}: {writes:?}"))?;
                true
            }
            Told::Document(collection, id, document) => model.get(*collection, id) == *document,
            Told::Count(collection, count) => model.coll(*collection).docs.len() as u64 == *count,
            Told::Rows(plan, told, done) => {
                let rows = model.coll(plan.collection).rows(plan);
                let mut pairs = told.iter().zip(rows.iter().flatten());
                let is_same = |((id, document), row): (&(Vec<u8>, Option<Vec<u8>>), _)| {
                    id == row && (document.is_none() || *document == model.get(plan.collection, id))
                };
                rows.as_ref().is_none_or(|rows| {
                    let is_whole = rows.len() == told.len();
                    let is_start = rows.len() >= told.len() && !done;
                    (is_whole || is_start) && (plan.output == Output::Count || pairs.all(is_same))
                })
            }
        };
        if !is_same {
            let what = match step {
                Told::Document(_, id, _) => format!("{id:?}"),
                Told::Rows(plan, ..) => format!("{plan:?}"),
                _ => String::new(),
            };
            return Err(format!("told otherwise: {what}"));
        }
    }
    Ok(())
}
