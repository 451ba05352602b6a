//! The block cache: decoded blocks within a budget of bytes.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use quick_cache::unsync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};

use super::segment::Block;

/// What a cached block costs beside its own memory: slots of the cache, and the counts of its
/// `Arc`.
const SLOT_BYTES: usize = 128;
/// Expected memory of a block, from which the cache sizes its memory of evicted ones.
const BLOCK_BYTES_EXPECTED: usize = 4096;

/// Names a block for good: segment ids are never used again, so nothing is ever purged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BlockId {
    pub segment: u64,
    pub offset: u32,
}

type Blocks = Cache<
    BlockId,
    Arc<Block>,
    BlockWeight,
    BuildHasherDefault<IdHasher>,
    DefaultLifecycle<BlockId, Arc<Block>>,
>;

/// Blocks that are likely to be asked for again. One long scan does not flush it.
pub(crate) struct BlockCache {
    /// Nothing is kept without a budget.
    blocks: Option<Blocks>,
}

impl BlockCache {
    /// A cache of at most `bytes`.
    pub fn new(bytes: usize) -> Self {
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity((bytes / BLOCK_BYTES_EXPECTED).max(1))
            .weight_capacity(bytes as u64)
            .build();
        let blocks = options.ok().filter(|_| bytes > 0).map(|options| {
            Cache::with_options(
                options,
                BlockWeight,
                BuildHasherDefault::default(),
                DefaultLifecycle::default(),
            )
        });
        Self { blocks }
    }

    pub fn get(&self, id: BlockId) -> Option<Arc<Block>> {
        self.blocks.as_ref()?.get(&id).cloned()
    }

    pub fn insert(&mut self, id: BlockId, block: Arc<Block>) {
        if let Some(blocks) = &mut self.blocks {
            blocks.insert(id, block);
        }
    }

    /// Bytes of the blocks it holds.
    pub fn bytes(&self) -> u64 {
        self.blocks.as_ref().map_or(0, Cache::weight)
    }
}

#[derive(Clone, Debug)]
struct BlockWeight;

impl Weighter<BlockId, Arc<Block>> for BlockWeight {
    fn weight(&self, _id: &BlockId, block: &Arc<Block>) -> u64 {
        (block.memory_bytes() + SLOT_BYTES) as u64
    }
}

/// Mixes the two numbers of a block's id. It has no random state: the same calls evict the same
/// blocks everywhere, which makes counts of reads repeatable.
#[derive(Clone, Debug, Default)]
struct IdHasher(u64);

impl IdHasher {
    fn mix(&mut self, n: u64) {
        let mixed = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.mix(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, n: u32) {
        self.mix(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.mix(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::seal::BlockKind;

    fn block(bytes: usize) -> Arc<Block> {
        Arc::new(Block::open(BlockKind::Filter, vec![0; bytes], 0).unwrap())
    }

    #[test]
    fn the_budget_is_kept_whatever_the_sizes_of_blocks() {
        let mut random = fastrand::Rng::with_seed(3);
        for budget in [0, 1, 300, 10_000, 1 << 20] {
            let mut cache = BlockCache::new(budget);
            for _ in 0..5_000 {
                let id = BlockId { segment: random.u64(..50), offset: random.u32(..50) };
                if cache.get(id).is_none() {
                    cache.insert(id, block(random.usize(1..9_000)));
                }
                assert!(cache.bytes() <= budget as u64);
            }
        }
    }

    #[test]
    fn blocks_in_use_outlive_a_scan_of_many_others() {
        let mut cache = BlockCache::new(64 * 1024);
        let id = |offset| BlockId { segment: 1, offset };
        for offset in 0..8 {
            cache.insert(id(offset), block(4000));
        }
        for offset in 100..2_000 {
            for hot in 0..8 {
                assert!(cache.get(id(hot)).is_some(), "evicted by the scan at {offset}");
            }
            cache.insert(id(offset), block(4000));
        }
    }
}
