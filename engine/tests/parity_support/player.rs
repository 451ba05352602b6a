//! Carrying calls out on a host.

use std::path::PathBuf;

use entidb::host::Host;
use entidb::storage::{FileStorage, MemoryStorage, Storage};
use entidb::{Durability, Error, Options, Result, Stats};
use serde::Serialize;

use super::call::{Call, geometry, hex, unhex};

/// Where a database lies; it is opened many times.
pub trait Files {
    type Storage: Storage;

    fn open(&self) -> Result<Self::Storage>;
}

impl Files for MemoryStorage {
    type Storage = Self;

    fn open(&self) -> Result<Self> {
        Ok(self.clone())
    }
}

/// A directory of the operating system.
impl Files for PathBuf {
    type Storage = FileStorage;

    fn open(&self) -> Result<FileStorage> {
        FileStorage::open(self)
    }
}

/// A database that is opened, closed and killed as its op log says.
pub struct Player<F: Files> {
    pub files: F,
    host: Option<Host<F::Storage>>,
}

impl<F: Files> Player<F> {
    pub fn new(files: F) -> Self {
        Self { files, host: None }
    }

    /// The open host's own counts, which are no part of what must be the same everywhere.
    pub fn stats(&self) -> Option<Stats> {
        self.host.as_ref().map(Host::stats)
    }

    /// Makes a call; its answer as a line.
    pub fn play(&mut self, call: &Call) -> String {
        let answer = match call.name.as_str() {
            "open" => self.open(call),
            "free" => {
                self.host = None;
                Ok(String::new())
            }
            "close" => self.host.take().unwrap().close().map(|_| String::new()),
            _ => answer(self.host.as_mut().unwrap(), call),
        };
        answer.unwrap_or_else(|error| failure(&error))
    }

    fn open(&mut self, call: &Call) -> Result<String> {
        let asked = call.object(0);
        let options = Options {
            database_id: unhex(asked["databaseId"].as_str().unwrap()).try_into().unwrap(),
            geometry: geometry(&asked["geometry"]),
            ..Options::default()
        };
        self.host = Some(Host::open(self.files.open()?, &options)?);
        Ok(String::new())
    }
}

/// Plays the lines of a log; fails at the first answer that is not the expected one.
pub fn check<F: Files>(player: &mut Player<F>, log: &str, answers: &str) {
    let mut expected = answers.lines();
    for (at, line) in log.lines().enumerate() {
        let answer = player.play(&Call::parse(line));
        let wanted = expected.next().unwrap();
        let call: String = line.chars().take(200).collect();
        assert_eq!(answer, wanted, "the answer to call {at}, {call}");
    }
    assert_eq!(expected.next(), None, "there are as many answers as calls");
}

/// What a failed call is answered with.
fn failure(error: &Error) -> String {
    format!("! {}: {}", error.kind().name(), error.message())
}

/// Calls that change something.
fn answer<S: Storage>(host: &mut Host<S>, call: &Call) -> Result<String> {
    match call.name.as_str() {
        "stage" => return Ok(hex(&host.stage(&call.bytes(0), durability(call.flag(1)))?)),
        "begin" => return Ok(host.begin()?.to_string()),
        "txStage" => return Ok(hex(&host.tx_stage(call.handle(0), &call.bytes(1))?)),
        "txCommit" => {
            return Ok(hex(&host.tx_commit(call.handle(0), durability(call.flag(1)))?));
        }
        "snapshot" => return Ok(host.snapshot()?.to_string()),
        "step" => return Ok(host.step(call.number(0))?.to_string()),
        "compactReport" => return Ok(maybe(host.compact_report().as_ref())),
        "createCollection" => return Ok(host.create_collection(&call.bytes(0))?.to_string()),
        "createIndex" => {
            return Ok(host.create_index(call.handle(0), &call.bytes(1))?.to_string());
        }
        "buildStep" => {
            return Ok(maybe(host.build_step(call.number(0), call.number(1))?.as_ref()));
        }
        "commit" => drop(host.commit()?),
        "sync" => drop(host.sync()?),
        "checkpoint" => drop(host.checkpoint()?),
        "rollback" => host.rollback(call.handle(0)),
        "release" => host.release(call.handle(0)),
        "tick" => host.tick(call.number(0)),
        "settle" => host.settle()?,
        "compactBegin" => host.compact_begin()?,
        "dropCollection" => host.drop_collection(call.handle(0))?,
        "clear" => host.clear(call.handle(0))?,
        "dropIndex" => host.drop_index(call.handle(0), &call.bytes(1))?,
        "setSchemaVersion" => host.set_schema_version(call.handle(0))?,
        _ => return read(host, call),
    }
    Ok(String::new())
}

/// Calls that change nothing.
fn read<S: Storage>(host: &mut Host<S>, call: &Call) -> Result<String> {
    Ok(match call.name.as_str() {
        "compactProgress" => maybe(host.compact_progress().as_ref()),
        "created" => host.created().to_string(),
        "sequence" => host.sequence().to_string(),
        "schemaVersion" => host.schema_version().to_string(),
        "collections" => hex(&host.collections()),
        "indexes" => hex(&host.indexes(call.handle(0))?),
        "get" => {
            let document = host.get(call.handle(0), call.handle(1), &call.bytes(2))?;
            document.map_or_else(String::new, |document| hex(&document))
        }
        "getMany" => hex(&host.get_many(call.handle(0), call.handle(1), &call.bytes(2))?),
        "has" => host.has(call.handle(0), call.handle(1), &call.bytes(2))?.to_string(),
        "hash" => {
            let hash = host.hash(call.handle(0), call.handle(1), &call.bytes(2))?;
            hash.map_or_else(String::new, |hash| hex(&hash))
        }
        "count" => host.count(call.handle(0), call.handle(1))?.to_string(),
        "queryCount" => host.query_count(call.handle(0), &call.bytes(1))?.to_string(),
        "explain" => maybe(Some(&host.explain(call.handle(0), &call.bytes(1))?)),
        "queryPage" => {
            hex(&host.query_page(call.handle(0), &call.bytes(1), call.size(2), call.size(3))?)
        }
        "page" => hex(&host.page(call.handle(0), call.size(1), call.size(2))?),
        "closeCursor" => {
            host.close_cursor(call.handle(0));
            String::new()
        }
        name => panic!("nobody knows how to {name}"),
    })
}

fn durability(strict: bool) -> Durability {
    if strict { Durability::Strict } else { Durability::Relaxed }
}

/// An object in the order of its fields, as JavaScript writes the one that it is given.
fn maybe<T: Serialize>(object: Option<&T>) -> String {
    object.map_or_else(String::new, |object| serde_json::to_string(object).unwrap())
}
