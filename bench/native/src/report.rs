//! The report as Markdown.

use crate::data::{KEY_BYTES, VALUE_BYTES};
use crate::figures::{Figures, figures, format, grouped, ratio};
use crate::machine;
use crate::measure::{Class, Measure, Unit};
use crate::run::{Results, SHAPES};
use crate::settings::Settings;
use crate::workloads::REST_MS;

/// How many times as much as the best of the others a row may take before the report says so.
const WORSE: f64 = 1.2;

/// What is known of the machine.
pub struct Place {
    pub disk: String,
    pub load_before: f64,
    pub load_after: f64,
}

/// The whole report.
pub fn markdown(settings: &Settings, place: &Place, results: &Results) -> String {
    let mut parts =
        vec!["# Benchmark of native engines".to_owned(), introduction(settings, place, results)];
    for (shape, name) in SHAPES.iter().enumerate() {
        parts.push(format!("## {name}"));
        parts.push(about_shape(shape, results));
        parts.push(table(shape, results));
    }
    parts.push("## Where EntiDB takes more than 1.2 times what the best takes".to_owned());
    parts.push(sentences(results));
    parts.push("## How it is measured".to_owned());
    parts.push(method());
    parts.push("## Settings".to_owned());
    parts.push(peers(results));
    parts.join("\n\n") + "\n"
}

fn introduction(settings: &Settings, place: &Place, results: &Results) -> String {
    let Settings { documents, rounds, seed, .. } = settings;
    let busy = machine::is_busy(place.load_before.max(place.load_after));
    let warning = "\n\n**The machine was busy with other work: only the ratios mean something.**";
    let names: Vec<_> = results.peers.iter().map(|peer| peer.about().name).collect();
    format!(
        "{} pairs of keys and values, then as many documents with two indexes, over files of one \
         process. Medians of {rounds} rounds after one that warms up; least and most in \
         brackets. Less is better everywhere.\n\n\
         - {}\n\
         - files on {}\n\
         - load average {:.1} before and {:.1} after\n\
         - {} built by Rust {} with `opt-level = 3` and thin LTO, SQLite and LMDB by the C \
         compiler with its `-O3`\n\
         - `npm run bench -- --native --documents {documents} --rounds {rounds} --seed {seed}`{}",
        grouped(*documents as u64),
        machine::describe(),
        place.disk,
        place.load_before,
        place.load_after,
        names.join(", "),
        env!("CARGO_PKG_RUST_VERSION"),
        if busy { warning } else { "" },
    )
}

fn about_shape(shape: usize, results: &Results) -> String {
    if shape == 0 {
        return format!(
            "Keys of {KEY_BYTES} random bytes, in no order; values of {VALUE_BYTES} bytes of text."
        );
    }
    format!(
        "Orders of {} bytes as JSON under ids that ascend, from structs and to structs. SQLite and \
         EntiDB keep the two indexes themselves; over the others the benchmark keeps them in \
         tables of their own, written in the same transaction, and documents as JSON.",
        results.document_bytes
    )
}

fn table(shape: usize, results: &Results) -> String {
    let names = results.peers.iter().map(|peer| format!("{} | ", peer.about().name));
    let head = format!("| | unit | writes | {}entidb against the best other |", join(names));
    let rule = format!("|{}", "---|".repeat(results.peers.len() + 4));
    let rows = results.rows[shape].iter().enumerate().map(|(row, measure)| {
        let cells = (0..results.peers.len()).map(|peer| {
            let values = &results.values[&(shape, row, peer)];
            let weaker =
                measure.class == Class::Durable && !results.peers[peer].about().survives_power;
            format!("{}{} | ", shown(figures(values), ""), if weaker { " w" } else { "" })
        });
        let Measure { title, class, unit } = *measure;
        let best = best_other(results, shape, row).map(|best| {
            let ratio = against(results, shape, row, best);
            format!("{} {}", shown(ratio, "x"), results.peers[best].about().name)
        });
        let (unit, writes) = (unit_name(unit, shape), class_name(class));
        format!("| {title} | {unit} | {writes} | {}{} |", join(cells), best.unwrap_or_default())
    });
    let lines: Vec<String> = [head, rule].into_iter().chain(rows).collect();
    lines.join("\n")
}

/// One sentence for each row in which another is clearly better.
fn sentences(results: &Results) -> String {
    let mut lines = Vec::new();
    for (shape, rows) in results.rows.iter().enumerate() {
        for (row, measure) in rows.iter().enumerate() {
            let Some(best) = best_other(results, shape, row) else { continue };
            let times = 1.0 / against(results, shape, row, best).median;
            if times <= WORSE {
                continue;
            }
            let median = |peer| format(figures(&results.values[&(shape, row, peer)]).median);
            let unit = unit_name(measure.unit, shape);
            lines.push(format!(
                "- {}, {}: EntiDB takes {} times what {} takes ({} against {} {unit}).",
                SHAPES[shape],
                measure.title,
                format(times),
                results.peers[best].about().name,
                median(0),
                median(best),
            ));
        }
    }
    if lines.is_empty() { "Nowhere.".to_owned() } else { lines.join("\n") }
}

/// The one with the least median, apart from ours. One that a loss of power can take writes from is
/// no bar for rows that ask for durable ones.
fn best_other(results: &Results, shape: usize, row: usize) -> Option<usize> {
    let ours = results.peers.iter().position(|peer| peer.about().name == "entidb")?;
    let median = |peer: &usize| figures(&results.values[&(shape, row, *peer)]).median;
    let durable = results.rows[shape][row].class == Class::Durable;
    let is_bar = |peer: usize| !durable || results.peers[peer].about().survives_power;
    let others = (0..results.peers.len()).filter(|&peer| peer != ours && is_bar(peer));
    others.min_by(|a, b| median(a).total_cmp(&median(b)))
}

/// How many times as good as a peer ours is, which comes first.
fn against(results: &Results, shape: usize, row: usize, peer: usize) -> Figures {
    let values = |peer| &results.values[&(shape, row, peer)];
    ratio(values(peer), values(0))
}

fn method() -> String {
    format!(
        "The last column has how many times as good as the best other EntiDB is: above 1 it is the \
         better one. It is the median of the ratios of the rounds.\n\n\
         A round goes through the engines one after another, each from nothing stored and alone in \
         the process; who begins changes with every round. The run ends with an error where the \
         answers of two engines differ; checksums are made outside of the measured time.\n\n\
         Durable: synced when the call is done; `w` marks an engine whose sync does not flush the \
         cache of the disk, which is no bar for such rows. Relaxed: by the setting that each \
         engine has for it, which is not the same promise for all; see the settings. Before a \
         workload that writes, the disk takes what was written before. After it, each has \
         {REST_MS} ms in which its threads, or the idle steps of EntiDB, do what they want. What \
         goes on in calls, or in threads while calls go on, is in the figures.\n\n\
         Before gets everything is read once. The operating system has all files in memory, so \
         that a read that misses a cache costs a call and not a disk. Sizes are those that files \
         take of the disk after a clean close; the last one counts what updates of half of the \
         documents, in transactions of 2,000, have left behind. The time of an open is the median \
         of 5 in a row."
    )
}

fn peers(results: &Results) -> String {
    let sections = results.peers.iter().map(|peer| {
        let about = peer.about();
        let settings = about.settings.iter().map(|line| format!("\n- {line}"));
        format!(
            "**{}** {}\n\n- durable: {}\n- relaxed: {}{}",
            about.name,
            about.version,
            about.durable,
            about.relaxed,
            join(settings)
        )
    });
    sections.collect::<Vec<_>>().join("\n\n")
}

fn shown(Figures { median, least, most }: Figures, unit: &str) -> String {
    format!("**{}{unit}** ({}-{})", format(median), format(least), format(most))
}

fn unit_name(unit: Unit, shape: usize) -> &'static str {
    match (unit, shape) {
        (Unit::Microseconds, _) => "us",
        (Unit::Milliseconds, _) => "ms",
        (Unit::Bytes, 0) => "bytes/pair",
        (Unit::Bytes, _) => "bytes/document",
    }
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Durable => "durable",
        Class::Relaxed => "relaxed",
        Class::Reads => "",
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<String>()
}
