// Bugs in what is done where the storage is full.

const room = 'kv/store/room.rs'
const job = 'kv/compact/job.rs'

/** @type {import('./plant.mjs').Bug[]} */
export const roomBugs = [
  {
    name: 'nothing is kept for deletes',
    about: 'a full storage cannot be emptied',
    suite: 'store_quota',
    sites: [
      {
        file: room,
        find: 'rewriting + if batch.shrinks() { 0 } else { self.deletes_units() }',
        plant: '0 * rewriting',
      },
    ],
  },
  {
    name: 'a segment is rewritten without what lies over it',
    about: 'what was deleted makes no room',
    suite: 'store_quota',
    sites: [
      {
        file: 'kv/compact/pick.rs',
        find: 'version.runs().take(rank)',
        plant: 'version.runs().take(0 * rank)',
      },
    ],
  },
  {
    name: 'a merge replaces what it only reads',
    about: 'the newer versions are gone',
    suite: 'store_crash',
    sites: [
      {
        file: job,
        find: 'ids_of(self.runs.get(self.shadows..).unwrap_or_default())',
        plant: 'ids_of(&self.runs)',
      },
    ],
  },
  {
    name: 'a tombstone goes though an older segment has its key',
    about: 'a deleted document comes back',
    suite: 'store_quota',
    sites: [
      {
        file: job,
        find: 'segment.find(io, &sought, u64::MAX)?.is_some()',
        plant: 'false',
      },
    ],
  },
  {
    name: 'the other log has no room of its own',
    about: 'on a full storage no epoch can follow the first',
    suite: 'store_quota',
    sites: [
      {
        file: 'kv/logs.rs',
        find: 'reserve_smallest(io, self.newest_file(), &superblock.geometry)?;',
        plant: '',
      },
    ],
  },
]
