//! Databases that another machine, another storage or another build must be able to go on with.
//!
//! `image record DIRECTORY default|tiny CALLS SEED` makes an op log in three parts and what comes
//! of it: `first`, which ends without closing, and the files then in `half`; `second`, and the
//! files then in `whole`; and `reading`, which reads everything.
//!
//! `image play FILES DIRECTORY PART` plays a part over the database in the directory `FILES`, and
//! fails where an answer is not the one that was recorded.
//!
//! `image golden DIRECTORY` makes the small databases that every later version must read; see
//! `engine/fixtures/images`.

#[path = "../tests/parity_support/mod.rs"]
mod parity_support;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use entidb::storage::FileId;
use parity_support::call::Call;
use parity_support::golden::{End, make};
use parity_support::player::{Player, check};
use parity_support::reading::read_everything;
use parity_support::recorder::{Part, Recorder};
use parity_support::told::told;
use parity_support::workload::{Scale, Workload};
use serde_json::json;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["record", directory, scale, calls, seed] => {
            let scale = match *scale {
                "default" => Scale::DEFAULT,
                "tiny" => Scale::TINY,
                _ => return Err(io::Error::other("a geometry is `default` or `tiny`")),
            };
            let number = |text: &str| text.parse::<u64>().map_err(io::Error::other);
            record(Path::new(directory), scale, number(calls)?, number(seed)?)
        }
        ["play", files, directory, part] => {
            let part = Part::load(Path::new(directory), part)?;
            check(&mut Player::new(PathBuf::from(files)), &part.calls, &part.answers);
            Ok(())
        }
        ["golden", directory] => {
            golden(&Path::new(directory).join("closed"), End::Closed)?;
            golden(&Path::new(directory).join("killed"), End::Killed)
        }
        _ => {
            let usage = "image record DIRECTORY default|tiny CALLS SEED, \
                         image play FILES DIRECTORY PART, or image golden DIRECTORY";
            Err(io::Error::other(usage))
        }
    }
}

fn record(directory: &Path, scale: Scale, calls: u64, seed: u64) -> io::Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    let live = directory.join("live");
    fs::create_dir_all(&live)?;
    let mut workload = Workload::new(live.clone(), scale, seed);
    workload.run(calls / 2);
    workload.die();
    workload.recorder.take().save(directory, "first")?;
    keep(&live, &directory.join("half"))?;
    workload.open();
    workload.run(calls);
    workload.close();
    workload.recorder.take().save(directory, "second")?;
    keep(&live, &directory.join("whole"))?;
    workload.open();
    read_everything(&mut workload.recorder);
    workload.close();
    workload.recorder.take().save(directory, "reading")?;
    fs::remove_dir_all(live)
}

/// The database beside what a reading of it gives; the reading itself is done on a copy, as opening
/// a database writes to it.
fn golden(directory: &Path, end: End) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut recorder = Recorder::new(Player::new(directory.to_path_buf()));
    make(&mut recorder, end);
    let copy = directory.join("copy");
    keep(directory, &copy)?;
    let mut reader = Recorder::new(Player::new(copy.clone()));
    let options = Call::parse(recorder.take().calls.lines().next().unwrap_or_default());
    reader.call(&options.name, json!([options.object(0)]));
    read_everything(&mut reader);
    reader.call("free", json!([]));
    told(&reader.take()).save(directory, "reading")?;
    fs::remove_dir_all(copy)
}

/// Copies the files of a database that nobody has open.
fn keep(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for file in FileId::ALL {
        fs::copy(from.join(file.name()), to.join(file.name()))?;
    }
    Ok(())
}
