// Bugs in the log: what is synced and when, which frames count, and when a file is used again.

const commit = 'kv/store/commit.rs'
const flush = 'kv/store/flush.rs'
const logs = 'kv/logs.rs'
const recover = 'kv/recover.rs'

/** @type {import('./plant.mjs').Bug[]} */
export const logBugs = [
  {
    name: 'a commit is not synced',
    about: 'a strict commit is acknowledged while its frame is in the memory of the system',
    suite: 'store_crash',
    sites: [
      { file: commit, find: 'self.logs.sync(&self.io, durability)', plant: 'Ok(Synced::Done)' },
    ],
  },
  {
    name: 'a commit is synced before it is written',
    about: 'the sync is there, and covers every frame but the one that is acknowledged',
    suite: 'store_crash',
    sites: [
      {
        file: commit,
        find: 'self.logs.append(&self.io, &mut self.frame)',
        plant: `{
          let _ = self.logs.sync(&self.io, durability);
          self.logs.append(&self.io, &mut self.frame)
        }`,
      },
      { file: commit, find: 'self.logs.sync(&self.io, durability)', plant: 'Ok(Synced::Done)' },
    ],
  },
  {
    name: 'a commit syncs the other log',
    about: 'a sync of one file says nothing of another',
    suite: 'store_crash',
    sites: [
      {
        file: logs,
        find: 'io.sync(self.newest_file(), durability)',
        plant: 'io.sync(self.next_file(), durability)',
      },
    ],
  },
  {
    name: 'an epoch begins before the one before it is durable',
    about: 'relaxed commits of the old epoch can be lost while the new header says they are there',
    suite: 'store_crash',
    sites: [
      {
        file: logs,
        find: 'let _ = io.sync(writer.file(), Durability::Strict)?;',
        plant: 'let _ = writer;',
      },
    ],
  },
  {
    name: 'the header of an epoch is not synced',
    about: 'a root names an epoch that a loss of power takes back',
    suite: 'store_crash',
    sites: [
      {
        file: 'kv/log/writer.rs',
        before: 'io.write(file, 0, &head)?;',
        find: 'let _ordered = io.sync(file, Durability::Strict)?;',
        plant: '',
      },
    ],
  },
  {
    name: 'an epoch begins in the file of the one before it',
    about: 'what that one holds is overwritten',
    suite: 'store_crash',
    sites: [
      {
        file: logs,
        before: 'let file =',
        find: 'self.next_file()',
        plant: 'self.newest_file()',
      },
    ],
  },
  {
    name: 'a header does not say where the epoch before it ended',
    about: 'commits of that epoch count as dead',
    suite: 'store_crash',
    sites: [{ file: logs, before: 'prev_last_seq:', find: 'last_seq', plant: '0' }],
  },
  {
    name: 'no root names a new epoch',
    about: 'a log that is emptied or missing looks as if it had never been begun',
    suite: 'store_damage',
    sites: [
      {
        file: flush,
        find: 'self.write_mark(self.volume.root().flushed_seq).map(|_| ())',
        plant: 'Ok(())',
      },
    ],
  },
  {
    name: 'relaxed commits are noted as durable',
    about: 'the next frame calls durable what a loss of power may take',
    suite: 'store_crash',
    sites: [
      {
        file: commit,
        find: 'if durability == Durability::Strict { last } else { self.seqs.durable }',
        plant: 'last',
      },
    ],
  },
  {
    name: 'a frame calls durable what is merely visible',
    about: 'an honest loss of relaxed commits is taken for damage',
    suite: 'store_crash',
    sites: [
      {
        file: commit,
        find: 'self.frame.seal(first_seq, self.seqs.durable, durability);',
        plant: 'self.frame.seal(first_seq, self.seqs.visible, durability);',
      },
    ],
  },
  {
    name: 'a sync that is asked for later is left out',
    about: 'relaxed commits stay at risk after a sync was answered',
    suite: 'host_durability',
    sites: [
      {
        file: commit,
        before: 'self.check_writable()?; if',
        find: 'durability == Durability::Relaxed',
        plant: 'true',
      },
    ],
  },
  {
    name: 'a strict commit of nothing trusts what was read back',
    about: 'what a failed sync lost is promised after the next open',
    suite: 'store_read_back',
    sites: [{ file: commit, find: '!self.taken_over', plant: 'false' }],
  },
  {
    name: 'the checksum of a frame is not checked',
    about: 'a torn tail is not cut: half a frame is read as if it were whole',
    suite: 'store_crash',
    sites: [
      {
        file: 'kv/log/reader.rs',
        find: 'head.checksum == checksum(epoch, offset, bytes, payload)',
        plant: 'true',
      },
    ],
  },
  {
    name: 'the epoch is no part of the checksum of a frame',
    about: 'frames of an earlier life of the file pass for frames of this one',
    suite: 'store_crash',
    sites: [{ file: 'kv/log/frame.rs', find: 'epoch.to_le_bytes()', plant: '0_u64.to_le_bytes()' }],
  },
  {
    name: 'neither epoch nor number of a frame is checked',
    about: 'stale frames are accepted in whatever order they come',
    suite: 'store_crash',
    sites: [
      { file: 'kv/log/frame.rs', find: 'epoch.to_le_bytes()', plant: '0_u64.to_le_bytes()' },
      {
        file: 'kv/log/reader.rs',
        find: `frame.first_seq() != expected_seq
          || through.is_some_and(|through| last_seq > through)`,
        plant: 'false',
      },
    ],
  },
  {
    name: 'what is missing between two epochs is passed over',
    about: 'a damaged end of the older log takes acknowledged commits along without a word',
    suite: 'store_damage',
    sites: [
      {
        file: recover,
        find: 'epochs.get(at + 1).map(|(_, next)| next.prev_last_seq)',
        plant: 'None',
      },
      { file: recover, find: 'header.prev_last_seq > self.visible_seq', plant: 'false' },
    ],
  },
  {
    name: 'a torn tail with frames behind it is taken for damage',
    about: 'a database does not open after a loss of power that took nothing acknowledged',
    suite: 'store_crash',
    sites: [{ file: 'kv/log/damage.rs', find: 'head.durable_seq >= expected_seq', plant: 'true' }],
  },
  {
    name: 'a damaged frame is taken for a torn tail',
    about: 'acknowledged commits disappear without a word',
    suite: 'store_damage_sectors',
    sites: [{ file: 'kv/log/damage.rs', find: 'head.durable_seq >= expected_seq', plant: 'false' }],
  },
  {
    name: 'a log that the root names may be missing',
    about: 'an emptied or overwritten log opens as one without commits',
    suite: 'store_damage',
    sites: [{ file: recover, find: 'self.live_epoch >= expected', plant: 'false' }],
  },
  {
    name: 'an epoch counts as closed before it is flushed',
    about: 'the root says of a log that it is not needed while it is',
    suite: 'store_crash',
    sites: [
      {
        file: logs,
        find: 'epoch.number < live && epoch.last_seq <= flushed_seq',
        plant: 'epoch.number < live',
      },
    ],
  },
  {
    name: 'a log is used again before it is flushed',
    about: 'the only copy of acknowledged commits is overwritten',
    suite: 'store_crash',
    sites: [
      {
        file: flush,
        before: 'self.take_over()?; self.settle_level0()?;',
        find: 'self.finish_flush()?;',
        plant: '',
      },
      {
        file: logs,
        find: `self.files
          .get(at)
          .is_none_or(|epoch| epoch.number <= self.closed || epoch.last_seq <= flushed_seq)`,
        plant: 'true',
      },
    ],
  },
  {
    name: 'the number of a lost commit is given out again',
    about: 'two different commits have had one sequence number',
    suite: 'store_crash',
    sites: [
      {
        file: recover,
        find: 'replay.visible_seq.max(logs.reserved_seq()).max(root.reserved_seq) + 1',
        plant: 'replay.visible_seq + 1',
      },
    ],
  },
  {
    name: 'changes of the catalog are not replayed',
    about: 'collections and indexes that were acknowledged are gone after a crash',
    suite: 'store_crash',
    sites: [
      {
        file: recover,
        find: 'frame.catalog().filter(|_| frame.first_seq() > self.flushed_seq)',
        plant: 'frame.catalog().filter(|_| false)',
      },
    ],
  },
  {
    name: 'the checksum of a log header is not checked',
    about: 'a log begins with numbers that nobody wrote',
    suite: 'store_damage',
    sites: [
      {
        file: 'kv/log/header.rs',
        find: '!body.starts_with(&MAGIC) || Reader::new(rest).u32()? != crc32::hash(body)',
        plant: '!body.starts_with(&MAGIC)',
      },
    ],
  },
  {
    name: 'logs of another database are read',
    about: 'a file that was put in the place of another brings foreign commits',
    suite: 'lib',
    sites: [
      { file: 'kv/log/header.rs', find: 'header.database_id != *database_id', plant: 'false' },
    ],
  },
]
