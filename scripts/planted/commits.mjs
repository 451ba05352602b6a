// Bugs in commits: what belongs together, what a group is worth, and what a failure takes back.

const commit = 'kv/store/commit.rs'
const draft = 'db/draft.rs'
const io = 'kv/io.rs'

/** @type {import('./plant.mjs').Bug[]} */
export const commitBugs = [
  {
    name: 'a group is as durable as its last member asked for',
    about: 'a strict commit that shares its group with a relaxed one is not synced',
    suite: 'host_durability',
    sites: [
      {
        file: 'host/writes.rs',
        find: 'self.group = self.group.max(durability);',
        plant: 'self.group = durability;',
      },
    ],
  },
  {
    name: 'a group is discarded only in part',
    about: 'what was refused stays in memory and is written with later commits',
    suite: 'store_faults',
    sites: [
      {
        file: commit,
        before: 'if commits > 0 {',
        find: 'self.active.truncate_after(self.seqs.visible);',
        plant: '',
      },
    ],
  },
  {
    name: 'a sync that failed is tried again and believed',
    about: 'the second sync succeeds and brings nothing to the medium',
    suite: 'store_faults',
    sites: [
      {
        file: commit,
        find: 'self.logs.sync(&self.io, durability)',
        plant: `
          match self.logs.sync(&self.io, durability) {
            Ok(synced) => Ok(synced),
            Err(_) => self.logs.sync(&self.io, durability),
          }`,
      },
      {
        file: io,
        find: 'self.failed_sync.borrow_mut().get_or_insert_with(|| error.clone());',
        plant: 'let _ = error;',
      },
    ],
  },
  {
    name: 'a failed sync of a merge does not end the store',
    about: 'what others wrote to the volume was lost with it, and counts as durable',
    suite: 'store_limits',
    sites: [
      {
        file: io,
        find: 'self.failed_sync.borrow_mut().get_or_insert_with(|| error.clone());',
        plant: 'let _ = error;',
      },
    ],
  },
  {
    name: 'a frame that could not be written is left as it is',
    about: 'a commit that was refused for want of space may come back',
    suite: 'lib',
    sites: [
      {
        file: 'kv/log/writer.rs',
        find: 'io.write(self.file, self.tail, &[0; FRAME_HEAD_BYTES])?;',
        plant: '',
      },
    ],
  },
  {
    name: 'a full storage ends the store',
    about: 'nothing can be read or deleted any more where only writing fails',
    suite: 'store_quota',
    sites: [
      {
        file: commit,
        before: 'return if',
        find: 'error.kind() == ErrorKind::QuotaExceeded',
        plant: 'false',
      },
    ],
  },
  {
    name: 'no room is kept for flushing what is committed',
    about: 'commits are promised that can never leave the log',
    suite: 'store_reserve',
    sites: [
      {
        file: commit,
        find: 'self.reserve(spare)?;',
        plant: '',
      },
    ],
  },
  {
    name: 'a change of the catalog is not durable',
    about: 'a collection that was acknowledged is gone after a loss of power',
    suite: 'store_crash',
    sites: [
      {
        file: commit,
        find: 'self.append_frame(Durability::Strict)',
        plant: 'self.append_frame(Durability::Relaxed)',
      },
    ],
  },
  {
    name: 'index entries are left out of the frame',
    about: 'after a crash documents are not found by what they hold',
    suite: 'db_crash',
    sites: [
      {
        file: commit,
        find: 'self.frame.push_commit(batch.entries())?;',
        plant: `
          let is_kept = |key: &[u8]| !matches!(key.first(), Some(3..=5));
          self.frame.push_commit(batch.entries().filter(|(key, _, _)| is_kept(key)))?;`,
      },
    ],
  },
  {
    name: 'counts are left out of the frame',
    about: 'after a crash a collection counts other documents than it has',
    suite: 'db_crash',
    sites: [
      {
        file: commit,
        find: 'self.frame.push_commit(batch.entries())?;',
        plant: `
          let is_kept = |key: &[u8]| key.first() != Some(&9);
          self.frame.push_commit(batch.entries().filter(|(key, _, _)| is_kept(key)))?;`,
      },
    ],
  },
  {
    name: 'a delete forgets its index entries',
    about: 'queries find documents that are gone',
    suite: 'model',
    sites: [{ file: draft, find: 'self.batch.delete(&entry.key)?;', plant: '' }],
  },
  {
    name: 'a put forgets its index entries',
    about: 'queries miss documents that are there',
    suite: 'model',
    sites: [
      {
        file: draft,
        before: 'Claim::None =>',
        find: 'self.batch.put(&entry.key, &[])?',
        plant: '()',
      },
    ],
  },
  {
    name: 'counts are not kept up',
    about: 'a collection counts other documents than it has',
    suite: 'model',
    sites: [{ file: draft, find: 'counters.add(delta);', plant: '' }],
  },
  {
    name: 'unique values are not checked within a group',
    about: 'two commits of one group take the same value',
    suite: 'model',
    sites: [
      {
        file: draft,
        find: 'store.get(view, key, &mut owner)',
        plant: 'store.get(View::at(store.visible_seq()), key, &mut owner)',
      },
    ],
  },
  {
    name: 'unique values are not checked within a commit',
    about: 'two documents of one commit take the same value',
    suite: 'model',
    sites: [
      {
        file: draft,
        find: 'unique.claimed.replace(claimant()).is_some()',
        plant: 'unique.claimed.replace(claimant()).is_some() && false',
      },
    ],
  },
  {
    name: 'a commit does not see those before it in its group',
    about: 'index entries and counts are derived from old documents',
    suite: 'model',
    sites: [
      {
        file: 'db/write.rs',
        find: 'View::at(self.store.staged_seq())',
        plant: 'View::at(self.store.visible_seq())',
      },
    ],
  },
  {
    name: 'commits maintain all of an index that is being built',
    about: 'entries are written twice and counted twice',
    suite: 'db_schema',
    sites: [
      {
        file: draft,
        find: 'return Ok(id <= progress.as_slice());',
        plant: 'return Ok(true);',
      },
    ],
  },
  {
    name: 'a large write set overtakes what is in memory',
    about: 'the root says that earlier commits lie in segments, and a replay leaves them out',
    suite: 'store_crash',
    sites: [
      {
        file: 'kv/store/spill.rs',
        find: 'let _ = self.flush_tables()?;',
        plant: '',
      },
    ],
  },
  {
    name: 'a log goes on behind a large write set',
    about: 'the numbers of an epoch have a gap',
    suite: 'store_crash',
    sites: [{ file: 'kv/store/spill.rs', find: 'self.logs.end_epoch();', plant: '' }],
  },
]
