//! One check for each sentence of the contract.

use super::{AsyncHost, Bench, Scope, Verdict, ensure, expect_kind, one, pattern};
use crate::error::ErrorKind;
use crate::options::Durability;
use crate::storage::{FileId, Storage};

const FILE: FileId = FileId::Volume;

pub async fn all<H: AsyncHost>(host: &mut H, scope: Scope) -> Verdict {
    macro_rules! checks {
        ($($name:literal => $run:ident,)*) => { $(one(host, scope, $name, $run::<H>).await?;)* };
    }
    checks! {
        "a file that was never written has length 0" => never_written,
        "a read fills the whole buffer" => read_fills_the_buffer,
        "reading past the end is an Io error" => read_past_the_end,
        "an empty read or write changes nothing" => empty_calls,
        "a write at the end makes the file grow" => append,
        "a write inside changes its range and no more" => overwrite,
        "a gap reads as zeros" => gap,
        "a gap over bytes that were cut off reads as zeros" => gap_over_a_cut,
        "set_len grows with zeros" => set_len_grows,
        "set_len cuts off" => set_len_cuts,
        "set_len grows with zeros after it cut" => set_len_cuts_and_grows,
        "the three files are independent" => files_are_independent,
        "a large write arrives whole" => large_write,
        "offsets have 64 bits" => large_offsets,
        "a place no file can have is an error that changes nothing" => impossible_offsets,
        "a sync is done or pending, and later barriers are greater" => sync,
        "what was synced is there after reopening" => reopen,
    }
    Ok(())
}

async fn never_written<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    for file in FileId::ALL {
        bench.expect_len(file, 0)?;
    }
    Ok(())
}

async fn read_fills_the_buffer<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    let bytes = pattern(1, 10_000);
    bench.write(FILE, 0, &bytes).await?;
    for (offset, len) in
        [(0, 10_000), (0, 1), (9_999, 1), (1, 4_096), (4_095, 4_098), (5_000, 5_000)]
    {
        let expected = bytes.iter().copied().skip(offset).take(len).collect::<Vec<u8>>();
        bench.expect_bytes(FILE, offset as u64, &expected).await?;
    }
    Ok(())
}

async fn read_past_the_end<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    bench.expect_past_the_end(FILE, 0, 1).await?;
    bench.write(FILE, 0, &pattern(1, 100)).await?;
    for (offset, len) in [(0, 101), (99, 2), (100, 1), (101, 1), (1 << 40, 1), (u64::MAX, 1)] {
        bench.expect_past_the_end(FILE, offset, len).await?;
    }
    bench.expect_len(FILE, 100)
}

async fn empty_calls<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    bench.write(FILE, 0, &[]).await?;
    bench.write(FILE, 50, &[]).await?;
    bench.expect_len(FILE, 0)?;
    bench.write(FILE, 0, &pattern(1, 10)).await?;
    bench.write(FILE, 20, &[]).await?;
    bench.expect_len(FILE, 10)?;
    for offset in [0, 5, 10] {
        bench.expect_bytes(FILE, offset, &[]).await?;
    }
    bench.expect_bytes(FILE, 0, &pattern(1, 10)).await
}

async fn append<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    let mut all = Vec::new();
    for (seed, len) in [(1, 1), (2, 511), (3, 512), (4, 513), (5, 4_096), (6, 1), (7, 70_000)] {
        let bytes = pattern(seed, len);
        bench.write(FILE, all.len() as u64, &bytes).await?;
        all.extend_from_slice(&bytes);
        bench.expect_len(FILE, all.len() as u64)?;
    }
    bench.expect_bytes(FILE, 0, &all).await
}

async fn overwrite<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    let old = pattern(1, 9_000);
    let new = pattern(100, 5_000);
    bench.write(FILE, 0, &old).await?;
    bench.write(FILE, 3_000, &new).await?;
    bench.expect_len(FILE, 9_000)?;
    bench.expect_bytes(FILE, 0, old.get(..3_000).unwrap_or_default()).await?;
    bench.expect_bytes(FILE, 3_000, &new).await?;
    bench.expect_bytes(FILE, 8_000, old.get(8_000..).unwrap_or_default()).await?;
    // Half inside, half beyond the end.
    bench.write(FILE, 8_500, &new).await?;
    bench.expect_len(FILE, 13_500)?;
    bench.expect_bytes(FILE, 8_000, old.get(8_000..8_500).unwrap_or_default()).await?;
    bench.expect_bytes(FILE, 8_500, &new).await
}

async fn gap<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    bench.write(FILE, 5_000, &pattern(1, 10)).await?;
    bench.expect_len(FILE, 5_010)?;
    bench.expect_bytes(FILE, 0, &[0; 5_000]).await?;
    bench.write(FILE, 100_000, &pattern(2, 10)).await?;
    bench.expect_bytes(FILE, 5_010, &vec![0; 94_990]).await?;
    bench.expect_bytes(FILE, 5_000, &pattern(1, 10)).await?;
    bench.expect_bytes(FILE, 100_000, &pattern(2, 10)).await
}

async fn gap_over_a_cut<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    bench.write(FILE, 0, &pattern(1, 10_000)).await?;
    bench.set_len(FILE, 1_000)?;
    bench.write(FILE, 9_000, &pattern(2, 10)).await?;
    bench.expect_len(FILE, 9_010)?;
    bench.expect_bytes(FILE, 0, &pattern(1, 1_000)).await?;
    bench.expect_bytes(FILE, 1_000, &[0; 8_000]).await?;
    bench.expect_bytes(FILE, 9_000, &pattern(2, 10)).await
}

async fn set_len_grows<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    bench.set_len(FILE, 3_000)?;
    bench.expect_len(FILE, 3_000)?;
    bench.expect_bytes(FILE, 0, &[0; 3_000]).await?;
    bench.write(FILE, 0, &pattern(1, 3_000)).await?;
    bench.set_len(FILE, 20_000)?;
    bench.expect_len(FILE, 20_000)?;
    bench.expect_bytes(FILE, 0, &pattern(1, 3_000)).await?;
    bench.expect_bytes(FILE, 3_000, &vec![0; 17_000]).await?;
    bench.expect_past_the_end(FILE, 19_999, 2).await
}

async fn set_len_cuts<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    bench.write(FILE, 0, &pattern(1, 9_000)).await?;
    for len in [9_000, 8_999, 4_096, 1] {
        bench.set_len(FILE, len)?;
        bench.expect_len(FILE, len)?;
        bench.expect_past_the_end(FILE, len - 1, 2).await?;
        bench.expect_past_the_end(FILE, len, 1).await?;
        bench
            .expect_bytes(
                FILE,
                len - 1,
                pattern(1, 9_000).get(int(len) - 1..int(len)).unwrap_or_default(),
            )
            .await?;
    }
    bench.set_len(FILE, 0)?;
    bench.expect_len(FILE, 0)
}

async fn set_len_cuts_and_grows<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    bench.write(FILE, 0, &pattern(1, 9_000)).await?;
    bench.set_len(FILE, 1_234)?;
    bench.set_len(FILE, 9_000)?;
    bench.expect_bytes(FILE, 0, &pattern(1, 1_234)).await?;
    bench.expect_bytes(FILE, 1_234, &[0; 7_766]).await?;
    bench.write(FILE, 0, &pattern(1, 9_000)).await?;
    bench.set_len(FILE, 0)?;
    bench.set_len(FILE, 9_000)?;
    bench.expect_bytes(FILE, 0, &[0; 9_000]).await
}

async fn files_are_independent<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    for (file, seed) in FileId::ALL.into_iter().zip(1_u8..) {
        bench.write(file, u64::from(seed), &pattern(seed, 1_000 * usize::from(seed))).await?;
    }
    bench.set_len(FileId::LogA, 500)?;
    bench.sync(FileId::LogB, Durability::Strict).await?;
    bench.expect_len(FileId::Volume, 1_001)?;
    bench.expect_len(FileId::LogA, 500)?;
    bench.expect_len(FileId::LogB, 3_003)?;
    bench.expect_bytes(FileId::Volume, 1, &pattern(1, 1_000)).await?;
    bench.expect_bytes(FileId::LogA, 2, &pattern(2, 498)).await?;
    bench.expect_bytes(FileId::LogB, 3, &pattern(3, 3_000)).await
}

async fn large_write<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    let bytes = pattern(1, 3 * 1024 * 1024 + 12_345);
    bench.write(FILE, 777, &bytes).await?;
    bench.expect_len(FILE, 777 + bytes.len() as u64)?;
    bench.expect_bytes(FILE, 777, &bytes).await?;
    let at = 64 * 1024 - 3;
    bench.write(FILE, at, &pattern(9, 2 * 1024 * 1024)).await?;
    bench.expect_bytes(FILE, at, &pattern(9, 2 * 1024 * 1024)).await?;
    bench.expect_bytes(FILE, 777, bytes.get(..int(at) - 777).unwrap_or_default()).await
}

async fn large_offsets<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    if !bench.scope.sparse {
        return Ok(());
    }
    for (seed, offset) in [(1_u8, (1_u64 << 31) - 5), (2, (1 << 32) - 5), (3, (1 << 33) + 7)] {
        bench.write(FILE, offset, &pattern(seed, 10)).await?;
        bench.expect_len(FILE, offset + 10)?;
    }
    bench.expect_bytes(FILE, (1 << 31) - 5, &pattern(1, 10)).await?;
    bench.expect_bytes(FILE, (1 << 32) - 5, &pattern(2, 10)).await?;
    bench.expect_bytes(FILE, (1 << 33) - 9, &[0; 16]).await?;
    bench.expect_bytes(FILE, (1 << 33) + 7, &pattern(3, 10)).await?;
    bench.expect_bytes(FILE, 0, &[0; 64]).await?;
    bench.set_len(FILE, (1 << 32) + 1)?;
    bench.expect_len(FILE, (1 << 32) + 1)?;
    bench.set_len(FILE, 0)
}

async fn impossible_offsets<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    let kinds = [ErrorKind::Io, ErrorKind::QuotaExceeded];
    bench.write(FILE, 0, &pattern(1, 100)).await?;
    for offset in [u64::MAX, u64::MAX - 5, 1 << 63] {
        let result = bench.storage()?.write_at(FILE, offset, &[1; 10]);
        expect_kind(&result, &kinds, &format!("writing at {offset}"))?;
        let result = bench.storage()?.set_len(FILE, offset);
        expect_kind(&result, &kinds, &format!("setting the length to {offset}"))?;
    }
    bench.expect_len(FILE, 100)?;
    bench.expect_bytes(FILE, 0, &pattern(1, 100)).await
}

async fn sync<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    for durability in [Durability::Strict, Durability::Relaxed] {
        for file in FileId::ALL {
            bench.sync(file, durability).await?;
            bench.write(file, 0, &pattern(1, 5_000)).await?;
            bench.sync(file, durability).await?;
            bench.sync(file, durability).await?;
            bench.expect_len(file, 5_000)?;
            bench.expect_bytes(file, 0, &pattern(1, 5_000)).await?;
        }
    }
    Ok(())
}

async fn reopen<H: AsyncHost>(bench: &mut Bench<'_, H>) -> Verdict {
    for (file, seed) in FileId::ALL.into_iter().zip(1_u8..) {
        bench.write(file, 10, &pattern(seed, 100_000)).await?;
        bench.set_len(file, 90_000)?;
    }
    bench.reopen().await?;
    for (file, seed) in FileId::ALL.into_iter().zip(1_u8..) {
        bench.expect_len(file, 90_000)?;
        bench.expect_bytes(file, 0, &[0; 10]).await?;
        bench.expect_bytes(file, 10, &pattern(seed, 89_990)).await?;
    }
    bench.write(FILE, 90_000, &pattern(4, 10)).await?;
    bench.expect_bytes(FILE, 90_000, &pattern(4, 10)).await?;
    ensure(bench.len(FILE)? == 90_010, || "a reopened file does not grow".into())
}

fn int(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
