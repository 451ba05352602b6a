//! An op log and its answers in the making.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::call::{Call, unhex};
use super::player::{Files, Player};

/// Plays calls and writes them down.
pub struct Recorder<F: Files> {
    pub player: Player<F>,
    pub log: String,
    pub answers: String,
    pub calls: u64,
}

impl<F: Files> Recorder<F> {
    pub fn new(player: Player<F>) -> Self {
        Self { player, log: String::new(), answers: String::new(), calls: 0 }
    }

    /// Makes a call; `args` is a JSON array.
    pub fn call(&mut self, name: &str, args: Value) -> String {
        let call = Call::new(name, args);
        let answer = self.player.play(&call);
        writeln!(self.log, "{}", call.line()).unwrap();
        writeln!(self.answers, "{answer}").unwrap();
        self.calls += 1;
        answer
    }

    /// Makes a call that is answered with bytes, or fails.
    pub fn bytes(&mut self, name: &str, args: Value) -> Option<Vec<u8>> {
        let answer = self.call(name, args);
        (!answer.starts_with('!')).then(|| unhex(&answer))
    }

    /// Makes a call that is answered with a handle, or fails.
    pub fn handle(&mut self, name: &str, args: Value) -> Option<u32> {
        self.call(name, args).parse().ok()
    }

    /// What was recorded since the last time.
    pub fn take(&mut self) -> Part {
        Part { log: std::mem::take(&mut self.log), answers: std::mem::take(&mut self.answers) }
    }
}

/// A piece of an op log with its answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub log: String,
    pub answers: String,
}

impl Part {
    /// Writes the files `NAME.log` and `NAME.answers`.
    pub fn save(&self, directory: &Path, name: &str) -> std::io::Result<()> {
        std::fs::write(directory.join(format!("{name}.log")), &self.log)?;
        std::fs::write(directory.join(format!("{name}.answers")), &self.answers)
    }

    pub fn load(directory: &Path, name: &str) -> std::io::Result<Self> {
        Ok(Self {
            log: std::fs::read_to_string(directory.join(format!("{name}.log")))?,
            answers: std::fs::read_to_string(directory.join(format!("{name}.answers")))?,
        })
    }
}
