//! What a database must be after a call of its storage failed: as before, or of no more use until
//! it is opened again.

use entidb::{At, Durability, ErrorKind, Result};

use super::world::{History, World, agrees, is_state, open_and_check};

/// How a failure left a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It goes on.
    Intact,
    /// It had to be opened again.
    Poisoned,
}

impl History {
    /// State `found` is what there is: what came after it did not happen.
    pub fn cut_after(&mut self, found: usize) {
        self.states.truncate(found + 1);
        self.acknowledged = found;
        self.strict = self.strict.min(found);
    }
}

impl World<'_> {
    /// Looks at what a step that failed left, and opens the database again where it ended. With
    /// `reread_old` the files may have forgotten what a medium is not sure to hold.
    pub fn recover(&mut self, reread_old: bool, context: &str) -> After {
        self.db.discard();
        if !self.is_gone && self.still_reads() {
            let state = &self.history.states[self.history.acknowledged];
            assert!(is_state(&mut self.db, state), "{context}: not as before");
            agrees(&mut self.db, state, context);
            self.history.cut_after(self.history.acknowledged);
            return After::Intact;
        }
        if !self.is_gone {
            self.check_refusals(context);
        }
        self.sim.restart();
        let promised = if reread_old { self.history.clone() } else { self.history.of_process() };
        let (db, found) = open_and_check(&self.sim, &promised, context);
        self.history.cut_after(found);
        self.db = db;
        self.is_gone = false;
        After::Poisoned
    }

    fn still_reads(&self) -> bool {
        let infos = self.db.collections();
        let Some(info) = infos.first() else { return true };
        self.db.count(At::Latest, info.id).is_ok()
    }

    /// A database that came to its end refuses everything, and says what to do.
    fn check_refusals(&mut self, context: &str) {
        let refusals: [Result<()>; 8] = [
            self.db.commit(Durability::Strict).map(drop),
            self.db.checkpoint().map(drop),
            self.db.settle(),
            self.db.step(1).map(drop),
            self.db.compact_begin(),
            self.db.set_schema_version(9).map(drop),
            self.db.create_collection("more", &[]).map(drop),
            self.db.close().map(drop),
        ];
        for refusal in refusals {
            let Err(error) = refusal else { panic!("{context}: it goes on") };
            assert!(
                matches!(error.kind(), ErrorKind::Io | ErrorKind::Closed),
                "{context}: {error:?}"
            );
        }
    }
}
