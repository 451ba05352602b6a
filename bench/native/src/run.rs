//! Rounds in which everyone takes turns.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::measure::{Measure, Outcome, now};
use crate::peers::{Peer, all};
use crate::settings::Settings;
use crate::workloads::{Turn, documents, kv};

/// Both shapes, as the report names them.
pub const SHAPES: [&str; 2] = ["kv", "documents"];

/// Everything that a run found out.
pub struct Results {
    pub peers: Vec<Box<dyn Peer>>,
    /// Bytes of a document, on average.
    pub document_bytes: usize,
    /// The rows of each shape, in their order.
    pub rows: [Vec<Measure>; 2],
    /// One value for each round, by shape, row and peer.
    pub values: BTreeMap<(usize, usize, usize), Vec<f64>>,
}

/// Runs all rounds, with files in `folder`.
pub fn run(settings: &Settings, folder: &Path) -> Result<Results, String> {
    let peers = chosen(settings)?;
    let pairs = kv::Data::new(settings.seed, settings.documents);
    let orders = documents::Data::new(settings.seed, settings.documents);
    let mut results = Results {
        peers,
        document_bytes: orders.document_bytes(),
        rows: [Vec::new(), Vec::new()],
        values: BTreeMap::new(),
    };
    for round in 0..=settings.rounds {
        let started = now();
        for (shape, name) in SHAPES.iter().enumerate() {
            let outcomes = turns(&results.peers, round, |peer| {
                let place = folder.join(format!("{name}-{round}-{}", peer.about().name));
                fs::create_dir(&place).map_err(|error| format!("{}: {error}", place.display()))?;
                let (seed, outcomes) = (settings.seed + round as u64, Vec::new());
                let mut turn = Turn { peer, folder: &place, seed, outcomes };
                match shape {
                    0 => kv::run(&mut turn, &pairs),
                    _ => documents::run(&mut turn, &orders),
                }
                let outcomes = turn.outcomes;
                fs::remove_dir_all(&place).map_err(|error| error.to_string())?;
                Ok(outcomes)
            })?;
            results.compare(shape, &outcomes)?;
            if round > 0 {
                results.note(shape, &outcomes);
            }
        }
        let what = if round == 0 { "warm-up".to_owned() } else { format!("round {round}") };
        println!("bench: {what}: {:.1} s", started.elapsed().as_secs_f64());
    }
    Ok(results)
}

fn chosen(settings: &Settings) -> Result<Vec<Box<dyn Peer>>, String> {
    let mut peers = all();
    let known: Vec<&str> = peers.iter().map(|peer| peer.about().name).collect();
    if let Some(name) = settings.peers.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("--peers: there is no '{name}'"));
    }
    peers.retain(|peer| {
        settings.peers.is_empty() || settings.peers.iter().any(|name| name == peer.about().name)
    });
    Ok(peers)
}

/// Everyone's outcomes, in the order of peers. Who begins changes with every round; only whose turn
/// it is has anything open, so that no threads of others are at work.
fn turns(
    peers: &[Box<dyn Peer>],
    round: usize,
    mut turn: impl FnMut(&dyn Peer) -> Result<Vec<Outcome>, String>,
) -> Result<Vec<Vec<Outcome>>, String> {
    let mut outcomes: Vec<Vec<Outcome>> = vec![Vec::new(); peers.len()];
    for step in 0..peers.len() {
        let at = (round + step) % peers.len();
        outcomes[at] = turn(&*peers[at])?;
    }
    Ok(outcomes)
}

impl Results {
    /// Whoever got other answers did other work, and then no figure means anything.
    fn compare(&self, shape: usize, outcomes: &[Vec<Outcome>]) -> Result<(), String> {
        for (row, first) in outcomes[0].iter().enumerate() {
            let checksum = |at: usize| outcomes[at].get(row).map_or("", |other| &other.checksum);
            if (1..outcomes.len()).any(|at| checksum(at) != first.checksum) {
                let name = |at: usize| self.peers[at].about().name;
                let said = (0..outcomes.len()).map(|at| format!("{} {}", name(at), checksum(at)));
                let (shape, title) = (SHAPES[shape], first.measure.title);
                let said = said.collect::<Vec<_>>().join(", ");
                return Err(format!("{shape}, {title}: the answers differ: {said}"));
            }
        }
        Ok(())
    }

    fn note(&mut self, shape: usize, outcomes: &[Vec<Outcome>]) {
        self.rows[shape] = outcomes[0].iter().map(|outcome| outcome.measure).collect();
        for (peer, outcomes) in outcomes.iter().enumerate() {
            for (row, outcome) in outcomes.iter().enumerate() {
                self.values.entry((shape, row, peer)).or_default().push(outcome.value);
            }
        }
    }
}
