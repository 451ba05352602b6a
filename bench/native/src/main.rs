//! The engine over files beside other engines, on the same work. `npm run bench -- --native --help`
//! says what can be chosen; bench/README.md says how it is fair.
#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark may fail, and prints averages"
)]

mod data;
mod figures;
mod machine;
mod measure;
mod orders;
mod peers;
mod report;
mod run;
mod settings;
mod workloads;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use settings::{Settings, USAGE};

fn main() -> ExitCode {
    let done = match settings::read(std::env::args().skip(1)) {
        Ok(Some(settings)) => bench(&settings),
        Ok(None) => {
            println!("{USAGE}");
            Ok(())
        }
        Err(message) => Err(format!("{message}\n{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn bench(settings: &Settings) -> Result<(), String> {
    let data = Path::new(&settings.data);
    fs::create_dir_all(data).map_err(|error| format!("{}: {error}", data.display()))?;
    let disk = machine::disk_of(data)?;
    let load_before = machine::load();
    let folder = tempfile::Builder::new().prefix("bench-native-").tempdir_in(data);
    let folder = folder.map_err(|error| format!("{}: {error}", data.display()))?;
    let results = run::run(settings, folder.path())?;
    folder.close().map_err(|error| error.to_string())?;
    let place = report::Place { disk, load_before, load_after: machine::load() };
    let report = report::markdown(settings, &place, &results);
    fs::write(&settings.out, report).map_err(|error| format!("{}: {error}", settings.out))?;
    println!("bench: {} is written", settings.out);
    Ok(())
}
