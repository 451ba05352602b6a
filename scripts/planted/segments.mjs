// Bugs in flushes, merges and segments: what is kept, where it is put, and what is believed of it.

const job = 'kv/compact/job.rs'
const flush = 'kv/store/flush.rs'
const pick = 'kv/compact/pick.rs'
const reader = 'kv/segment/reader.rs'
const seal = 'codec/seal.rs'

/** @type {import('./plant.mjs').Bug[]} */
export const segmentBugs = [
  {
    name: 'a flush claims commits that came after it began',
    about: 'the root says that they lie in segments, and a replay leaves them out',
    suite: 'store_crash',
    sites: [
      {
        file: flush,
        before: 'let installed =',
        find: 'self.install(&[], added, 0, through)',
        plant: 'self.install(&[], added, 0, self.seqs.visible)',
      },
    ],
  },
  {
    name: 'a memtable is dropped before a root lists its segments',
    about: 'where the root cannot be written, acknowledged commits can no longer be read',
    suite: 'store_faults',
    sites: [
      {
        file: flush,
        before: 'if installed.is_err() {',
        find: 'self.sealed = sealed;',
        plant: 'drop(sealed);',
      },
    ],
  },
  {
    name: 'a merge drops tombstones that still hide something',
    about: 'deleted documents come back',
    suite: 'store_model',
    sites: [
      {
        file: job,
        find: 'return Ok(true);',
        plant: 'return Ok(false);',
      },
    ],
  },
  {
    name: 'a merge drops tombstones over what a snapshot sees',
    about: 'what is kept for a snapshot comes back for everybody',
    suite: 'store_model',
    sites: [
      {
        file: job,
        find: 'self.retention.is_oldest(seq) && !self.hides_something(io, key)?',
        plant: '!self.hides_something(io, key)?',
      },
    ],
  },
  {
    name: 'a merge drops versions that a snapshot sees',
    about: 'a snapshot changes under its reader',
    suite: 'store_model',
    sites: [{ file: job, find: 'same_key && self.reader == Some(reader)', plant: 'same_key' }],
  },
  {
    name: 'a merge forgets the numbers of versions that a snapshot tells apart',
    about: 'a snapshot sees what was written after it',
    suite: 'store_model',
    sites: [
      {
        file: job,
        before: 'Seqs::Settling if',
        find: 'self.retention.is_oldest(entry.seq())',
        plant: 'true',
      },
    ],
  },
  {
    name: 'a merge puts its result over newer data',
    about: 'old values hide new ones',
    suite: 'store_model',
    sites: [
      {
        file: 'kv/store/work.rs',
        find: 'self.install(&removed, added, level, flushed_seq)?',
        plant: 'self.install(&removed, added, 0, flushed_seq)?',
      },
    ],
  },
  {
    name: 'a merge leaves out the neighbour that shares a border key',
    about: 'versions of one key overtake each other',
    suite: 'store_model',
    sites: [
      { file: pick, find: 'wider.len() == found.len()', plant: 'true' },
      {
        file: pick,
        find: 'segment.meta().min_key.as_slice() <= max_key',
        plant: 'segment.meta().min_key.as_slice() < max_key',
      },
    ],
  },
  {
    name: 'a segment is moved down onto others that it overlaps',
    about: 'a level has two places for one key',
    suite: 'store_model',
    sites: [
      {
        file: pick,
        before: 'let under = under(version, level + 1, min, max); let is_move =',
        find: 'under.is_empty()',
        plant: 'true',
      },
    ],
  },
  {
    name: 'what a snapshot sees of a dropped collection is dropped',
    about: 'documents disappear under a reader',
    suite: 'db_schema',
    sites: [{ file: 'kv/store/mod.rs', find: '*seq <= oldest', plant: 'true' }],
  },
  {
    name: 'the checksum of a block is not checked',
    about: 'damaged bytes are given out as documents',
    suite: 'store_damage',
    sites: [{ file: seal, find: 'xxh3_64_with_seed(body, place.seed()) != found', plant: 'false' }],
  },
  {
    name: 'the place of a block is no part of its checksum',
    about: 'a block in the wrong place, or of an earlier life of its unit, passes for this one',
    suite: 'store_damage_sectors',
    sites: [
      {
        file: seal,
        find: '(self.segment << OFFSET_BITS) | u64::from(self.offset)',
        plant: '0',
      },
    ],
  },
  {
    name: 'the cache names blocks by their unit',
    about: 'a unit that is used again shows the blocks of its earlier life',
    suite: 'store_model',
    sites: [
      {
        file: reader,
        find: 'BlockId { segment: self.meta.id, offset: ptr.offset }',
        plant: `BlockId {
          segment: self.meta.units.first().copied().unwrap_or(0).into(),
          offset: ptr.offset,
        }`,
      },
    ],
  },
  {
    name: 'the filter is built over the wrong keys',
    about: 'documents that are there are not found',
    suite: 'store_model',
    sites: [
      {
        file: 'kv/segment/builder.rs',
        find: 'self.filter.add(key);',
        plant: 'self.filter.add(self.data.last_key());',
      },
    ],
  },
  {
    name: 'small segments may fill the manifest',
    about: 'writes are refused for want of room in a list that merges would shorten',
    suite: 'store_crowded',
    sites: [{ file: flush, find: 'self.is_level0_crowded()', plant: 'false' }],
  },
]
