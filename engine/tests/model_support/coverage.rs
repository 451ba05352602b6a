//! Which kinds of operations met which states: what a generator never brings together is never
//! tested.

/// How often each kind of operation met each state, and its absence.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// By kind and state: how often it was so, and how often not.
    met: Vec<Vec<[u64; 2]>>,
    ops: u64,
}

impl Coverage {
    /// Notes an operation of a kind and what was true before it.
    pub fn note(&mut self, kind: usize, states: &[bool]) {
        let kinds = self.met.len().max(kind + 1);
        self.met.resize_with(kinds, Vec::new);
        let row = &mut self.met[kind];
        row.resize(states.len(), [0; 2]);
        for (counts, is_so) in row.iter_mut().zip(states) {
            counts[usize::from(*is_so)] += 1;
        }
    }

    /// Counts operations: each put, delete, lookup, scan in one direction, query, commit and the
    /// like that was carried out and that the model did too.
    pub fn count(&mut self, ops: u64) {
        self.ops += ops;
    }

    pub fn add(&mut self, other: &Self) {
        let kinds = self.met.len().max(other.met.len());
        self.met.resize_with(kinds, Vec::new);
        for (row, more) in self.met.iter_mut().zip(&other.met) {
            row.resize(row.len().max(more.len()), [0; 2]);
            for (counts, more) in row.iter_mut().zip(more) {
                counts[0] += more[0];
                counts[1] += more[1];
            }
        }
        self.ops += other.ops;
    }

    /// Operations in all.
    pub fn ops(&self) -> u64 {
        self.ops
    }

    /// Fails unless every kind met every state, and its absence.
    pub fn check(&self, kinds: &[String], states: &[&str]) {
        let mut never = Vec::new();
        for (at, kind) in kinds.iter().enumerate() {
            for (state_at, state) in states.iter().enumerate() {
                let counts = self.met.get(at).and_then(|row| row.get(state_at)).copied();
                for (is_so, count) in ["not", "so"].iter().zip(counts.unwrap_or_default()) {
                    if count == 0 {
                        never.push(format!("{kind} where {is_so}: {state}"));
                    }
                }
            }
        }
        assert!(never.is_empty(), "never met:\n{}", never.join("\n"));
    }
}
