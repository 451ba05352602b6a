//! What a run is about.

/// What can be chosen.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Pairs or documents that are loaded in each round.
    pub documents: usize,
    /// Rounds that count; one more comes first and does not.
    pub rounds: usize,
    pub seed: u64,
    /// Peers by name; none are all.
    pub peers: Vec<String>,
    /// Where the files of the databases go for the time of the run.
    pub data: String,
    /// Where the report goes.
    pub out: String,
}

pub const USAGE: &str = "npm run bench -- --native [options]
  --documents <n>    pairs and documents that are loaded, 2,000 to 1,000,000 (default 100,000)
  --rounds <n>       rounds that count, 1 to 100 (default 5)
  --seed <n>         of what is stored and asked (default 1)
  --peers <a,b>      of entidb, redb, fjall, heed, sqlite, sled (default all)
  --data <folder>    on a disk, for the files of the databases (default build)
  --out <file>       where the report goes (default bench/results-native.md)
  --check            runs rustfmt, clippy and the tests of the benchmark instead";

/// Reads the command line; nothing where it asks for help.
pub fn read(args: impl Iterator<Item = String>) -> Result<Option<Settings>, String> {
    let mut settings = Settings {
        documents: 100_000,
        rounds: 5,
        seed: 1,
        peers: Vec::new(),
        data: "build".to_owned(),
        out: "bench/results-native.md".to_owned(),
    };
    let mut args = args;
    while let Some(name) = args.next() {
        if name == "--help" {
            return Ok(None);
        }
        let value = args.next().ok_or_else(|| format!("{name}: a value is missing"))?;
        match name.as_str() {
            "--documents" => settings.documents = number(&name, &value, 2_000, 1_000_000)?,
            "--rounds" => settings.rounds = number(&name, &value, 1, 100)?,
            "--seed" => settings.seed = number(&name, &value, 0, 0xFFFF_FFFF)? as u64,
            "--peers" => settings.peers = value.split(',').map(str::to_owned).collect(),
            "--data" => settings.data = value,
            "--out" => settings.out = value,
            _ => return Err(format!("there is no option {name}")),
        }
    }
    Ok(Some(settings))
}

fn number(name: &str, value: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = value.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{name} is a whole number from {least} to {most}, not {value}"))
}
