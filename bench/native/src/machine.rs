//! What a run was made on, as the report says it.

use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

/// In these, files lie in memory and a sync does nothing.
const IN_MEMORY: [&str; 3] = ["tmpfs", "ramfs", "devtmpfs"];

/// Processor, cores, memory and system.
pub fn describe() -> String {
    let info = read("/proc/cpuinfo");
    let processor = info.lines().find_map(|line| line.strip_prefix("model name\t: "));
    let memory = read("/proc/meminfo");
    let kilobytes = memory.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
    let release = read("/proc/sys/kernel/osrelease");
    let cores = available_parallelism().map_or(0, usize::from);
    format!(
        "{}, {cores} cores, {} GiB, Linux {}",
        processor.unwrap_or("unknown processor"),
        (kilobytes.unwrap_or(0) + (1 << 19)) >> 20,
        release.trim()
    )
}

/// The load average of the last minute; above the cores the machine is busy.
pub fn load() -> f64 {
    let averages = read("/proc/loadavg");
    averages.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0)
}

/// Whether others were at work.
pub fn is_busy(load: f64) -> bool {
    load > available_parallelism().map_or(1.0, |cores| usize::from(cores) as f64)
}

/// The file system that a folder lies on; one that lies in memory is an error.
pub fn disk_of(folder: &Path) -> Result<String, String> {
    let folder =
        fs::canonicalize(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mounts = read("/proc/self/mounts");
    let mount = |line: &str| {
        let mut parts = line.split(' ').skip(1);
        Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
    };
    let holding = mounts.lines().filter_map(mount).filter(|(at, _)| folder.starts_with(at));
    // Of those mounted at the same place the last one counts.
    let (_, kind) = holding.max_by_key(|(at, _)| at.len()).ok_or("its file system is unknown")?;
    if IN_MEMORY.contains(&kind.as_str()) {
        let folder = folder.display();
        return Err(format!("{folder} lies in memory ({kind}): name a folder on a disk by --data"));
    }
    Ok(kind)
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
