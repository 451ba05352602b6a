//! Random calls on a storage, compared with what three vectors would do.

use fastrand::Rng;

use super::{AsyncHost, Bench, Verdict};
use crate::options::Durability;
use crate::storage::FileId;

/// Files stay below this, so that calls meet each other's traces.
const FILE_BYTES_MAX: usize = 96 * 1024;

pub async fn run<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    let mut rng = Rng::with_seed(bench.scope.seed);
    let mut model: [Vec<u8>; 3] = Default::default();
    for op in 0..bench.scope.model_ops {
        step(bench, &mut model, &mut rng)
            .await
            .map_err(|why| format!("operation {op} of seed {}: {why}", bench.scope.seed))?;
    }
    bench.reopen().await?;
    compare(bench, &model).await
}

async fn step<H: AsyncHost>(
    bench: &mut Bench<'_, H>,
    model: &mut [Vec<u8>; 3],
    rng: &mut Rng,
) -> Verdict {
    let file = *rng.choice(&FileId::ALL).unwrap_or(&FileId::Volume);
    let bytes = file.of_mut(model);
    match rng.u8(..100) {
        0..45 => {
            // Mostly where bytes are, often at the very end, sometimes behind it.
            let start = match rng.u8(..10) {
                0..6 => rng.usize(..=bytes.len()),
                6..9 => bytes.len(),
                _ => bytes.len() + rng.usize(..9_000),
            };
            let start = start.min(FILE_BYTES_MAX);
            let mut new = vec![0; length(rng)];
            rng.fill(&mut new);
            bench.write(file, start as u64, &new).await?;
            let end = start + new.len();
            if !new.is_empty() && bytes.len() < end {
                bytes.resize(end, 0);
            }
            if let Some(range) = bytes.get_mut(start..end) {
                range.copy_from_slice(&new);
            }
        }
        45..80 => {
            let start = rng.usize(..=bytes.len());
            let len = length(rng);
            match bytes.get(start..start + len) {
                Some(expected) => bench.expect_bytes(file, start as u64, expected).await?,
                None => bench.expect_past_the_end(file, start as u64, len).await?,
            }
        }
        80..90 => {
            let near = (bytes.len() + rng.usize(..5_000)).saturating_sub(rng.usize(..5_000));
            let len = if rng.u8(..8) == 0 { rng.usize(..FILE_BYTES_MAX) } else { near };
            let len = len.min(FILE_BYTES_MAX);
            bench.set_len(file, len as u64)?;
            bytes.resize(len, 0);
        }
        90..98 => {
            let durability = if rng.bool() { Durability::Strict } else { Durability::Relaxed };
            bench.sync(file, durability).await?;
        }
        98 => bench.expect_len(file, bytes.len() as u64)?,
        _ => {
            bench.reopen().await?;
            compare(bench, model).await?;
        }
    }
    let expected = file.of(model).len() as u64;
    bench.expect_len(file, expected)
}

/// Small lengths, those around the sizes that storages are made of, and a few large ones.
fn length(rng: &mut Rng) -> usize {
    match rng.u8(..10) {
        0..5 => rng.usize(..300),
        5..7 => rng.usize(508..517),
        7..9 => rng.usize(4_090..4_103),
        _ => rng.usize(..20_000),
    }
}

async fn compare<H: AsyncHost>(bench: &mut Bench<'_, H>, model: &[Vec<u8>; 3]) -> Verdict {
    for file in FileId::ALL {
        let expected = file.of(model);
        bench.expect_len(file, expected.len() as u64)?;
        bench.expect_bytes(file, 0, expected).await?;
    }
    Ok(())
}
