//! Every saved input runs through its target, natively and with the ordinary compiler: those that
//! reach the most of the engine, and those that once broke something.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use entidb_fuzz::TARGETS;

/// The inputs of a target that are kept in `folder`, in the order of their names.
fn inputs(folder: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

// One test, because the targets count what the whole process allocates.
#[test]
fn every_saved_input_is_dealt_with() {
    let mut replayed = 0;
    for (target, run) in TARGETS {
        let corpus = inputs("corpus", target);
        assert!(!corpus.is_empty(), "the corpus of {target} is there");
        for path in corpus.into_iter().chain(inputs("regressions", target)) {
            let data = fs::read(&path).expect("an input");
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&data))) {
                eprintln!(
                    "failed: cargo fuzz run --features libfuzzer {target} {}",
                    path.display()
                );
                resume_unwind(panic);
            }
            replayed += 1;
        }
    }
    println!("reliability {{\"fuzz_inputs_replayed\":{replayed}}}");
}
