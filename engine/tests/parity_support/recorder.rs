//! An op log and its answers in the making.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::call::{Call, unhex};
use super::player::{Files, Player};

/// Plays calls and writes them down.
pub struct Recorder<F: Files> {
    pub player: Player<F>,
    pub part: Part,
    /// Calls made so far, those of earlier parts too.
    pub calls: u64,
}

impl<F: Files> Recorder<F> {
    pub fn new(player: Player<F>) -> Self {
        Self { player, part: Part::default(), calls: 0 }
    }

    /// Makes a call; `args` is a JSON array.
    pub fn call(&mut self, name: &str, args: Value) -> String {
        self.play(&Call::new(name, args).line())
    }

    /// Makes a call that was written down before.
    pub fn play(&mut self, line: &str) -> String {
        let answer = self.player.play(&Call::parse(line));
        writeln!(self.part.calls, "{line}").unwrap();
        writeln!(self.part.answers, "{answer}").unwrap();
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
        std::mem::take(&mut self.part)
    }
}

/// A piece of an op log with its answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub calls: String,
    pub answers: String,
}

impl Part {
    /// Writes the files `NAME.calls` and `NAME.answers`.
    pub fn save(&self, directory: &Path, name: &str) -> std::io::Result<()> {
        std::fs::write(directory.join(format!("{name}.calls")), &self.calls)?;
        std::fs::write(directory.join(format!("{name}.answers")), &self.answers)
    }

    pub fn load(directory: &Path, name: &str) -> std::io::Result<Self> {
        Ok(Self {
            calls: std::fs::read_to_string(directory.join(format!("{name}.calls")))?,
            answers: std::fs::read_to_string(directory.join(format!("{name}.answers")))?,
        })
    }
}
