// Bugs on storages that answer later: what happens while a barrier is outstanding or bytes are
// missing, and what the chunks of IndexedDB owe.

const chunks = 'storage/chunks.rs'
const store = 'kv/store/mod.rs'

/** @type {import('./plant.mjs').Bug[]} */
export const waitBugs = [
  {
    name: 'a commit is visible before its barrier is through',
    about: 'readers see what a failing barrier takes back',
    suite: 'store_barriers',
    sites: [
      {
        file: store,
        find: 'self.pending = Some(Pending { barrier, publish, durable })',
        plant: `
          self.pending = Some(Pending { barrier, publish, durable });
          self.seqs.visible = self.seqs.visible.max(publish);`,
      },
    ],
  },
  {
    name: 'any barrier counts as the last one',
    about: 'a commit is acknowledged when an earlier barrier is through',
    suite: 'store_barriers',
    sites: [
      {
        file: store,
        find: 'self.pending.take_if(|pending| pending.barrier <= barrier)',
        plant: 'self.pending.take()',
      },
    ],
  },
  {
    name: 'a commit begins while another one is on its way',
    about: 'what a failing barrier takes back has been built upon',
    suite: 'store_barriers',
    sites: [{ file: store, before: 'if', find: 'self.is_committing()', plant: 'false' }],
  },
  {
    name: 'a call changes something before it finds out what it lacks',
    about: 'the call is made again after a miss, and pays twice',
    suite: 'store_async',
    sites: [
      {
        file: 'kv/store/work.rs',
        before: 'What is run again after a miss must find the same debt.',
        find: 'return worked.map(|_| ());',
        plant: `
          self.owed_bytes -= payment;
          return worked.map(|_| ());`,
      },
    ],
  },
  {
    name: 'a strict sync of what was stored relaxed asks for nothing',
    about: 'a loss of power takes what was acknowledged as strict',
    suite: 'storage_chunks',
    sites: [
      {
        file: chunks,
        find: 'state.changed == state.stored && !(is_strict && state.is_soft)',
        plant: 'state.changed == state.stored',
      },
    ],
  },
  {
    name: 'a relaxed sync takes a strict one back',
    about: 'of several syncs of one transaction the last decides, not the strictest',
    suite: 'storage_chunks_batches',
    sites: [
      {
        file: chunks,
        find: 'state.owed_is_strict |= is_strict;',
        plant: 'state.owed_is_strict = is_strict;',
      },
    ],
  },
  {
    name: 'part of a chunk is stored over the whole of it',
    about: 'bytes that were not at hand become zeros',
    suite: 'storage_chunks_batches',
    sites: [
      {
        file: chunks,
        find: 'state.is_due() && state.partial().next().is_none()',
        plant: 'state.is_due()',
      },
    ],
  },
  {
    name: 'chunks are forgotten before they are stored',
    about: 'writes are lost for want of memory',
    suite: 'storage_chunks_batches',
    sites: [
      {
        file: chunks,
        before: 'chunks.filter(|(_, (_, chunk))|',
        find: 'chunk.changed == 0',
        plant: 'true',
      },
    ],
  },
]
