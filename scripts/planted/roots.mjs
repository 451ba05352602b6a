// Bugs in the volume: in which order a new state is written, which state counts, which units are
// free, and what an open and a close must do.

const flush = 'kv/store/flush.rs'
const recover = 'kv/recover.rs'
const volume = 'kv/volume.rs'

/** @type {import('./plant.mjs').Bug[]} */
export const rootBugs = [
  {
    name: 'the volume is not synced before a root is written',
    about: 'a root becomes durable before the segments and the manifest that it points to',
    suite: 'store_crash',
    sites: [
      {
        file: volume,
        before: 'whoever waits for the root has waited for this one as well.',
        find: 'let _ = io.sync(FileId::Volume, Durability::Strict)?;',
        plant: '',
      },
    ],
  },
  {
    name: 'a root is written before its manifest',
    about: 'for a moment the newest root points to nothing',
    suite: 'store_crash',
    sites: [
      { file: volume, find: 'io.write(FileId::Volume, offset, &bytes)?;', plant: '' },
      {
        file: volume,
        find: 'self.write_root(io, root, mark)?',
        plant: `{
          let synced = self.write_root(io, root, mark)?;
          io.write(FileId::Volume, offset, &bytes)?;
          let _ = io.sync(FileId::Volume, Durability::Strict)?;
          synced
        }`,
      },
    ],
  },
  {
    name: 'a root is not synced',
    about: 'a log is used again while the root that makes it dispensable can still be lost',
    suite: 'store_crash',
    sites: [
      {
        file: volume,
        before: '_ => error, })?; let synced =',
        find: 'io.sync(FileId::Volume, Durability::Strict)?',
        plant: 'Synced::Done',
      },
    ],
  },
  {
    name: 'a root is written over the one that counts',
    about: 'a torn write leaves an older state than was acknowledged',
    suite: 'store_crash',
    sites: [{ file: volume, before: 'let slot =', find: '1 - self.slot', plant: 'self.slot' }],
  },
  {
    name: 'a manifest is written over the one that counts',
    about: 'a torn write leaves the newest root without its manifest',
    suite: 'store_crash',
    sites: [
      {
        file: volume,
        find: 'if self.root.manifest_offset == first { first + area } else { first }',
        plant: 'first',
      },
    ],
  },
  {
    name: 'units are used again after one root',
    about: 'the older root is no state to fall back to',
    suite: 'store_fallback',
    sites: [
      {
        file: volume,
        before: 'fn count_units(&mut self, count: u32) {',
        find: 'self.units.rebuild(count, [&self.version, &self.previous]);',
        plant: 'self.units.rebuild(count, [&self.version, &self.version]);',
      },
    ],
  },
  {
    name: 'units under a job are free',
    about: 'two jobs write to the same unit',
    suite: 'store_model',
    sites: [
      {
        file: 'kv/units.rs',
        find: 'self.leased.push((Arc::downgrade(lease), unit));',
        plant: '',
      },
    ],
  },
  {
    name: 'a trim cuts off a unit that is in use',
    about: 'the last segment ends with the file',
    suite: 'store_crash',
    sites: [
      {
        file: volume,
        before: 'let reach =',
        find: 'self.units.in_reach() as u64',
        plant: '(self.units.in_reach() as u64).saturating_sub(1)',
      },
    ],
  },
  {
    name: 'a fallback to the older root needs no logs',
    about: 'acknowledged commits between the two roots are gone without a word',
    suite: 'store_fallback',
    sites: [{ file: recover, find: 'replay.visible_seq < lost_seq', plant: 'false' }],
  },
  {
    name: 'an open does not sync what it read',
    about: 'what readers were shown may be gone after a loss of power',
    suite: 'store_read_back',
    sites: [{ file: recover, find: 'pending = io.sync(file, Durability::Strict)?;', plant: '' }],
  },
  {
    name: 'the first write builds on what was read back',
    about: 'after a failed sync the memory of the system holds what never reaches the medium',
    suite: 'store_faults',
    sites: [
      {
        file: flush,
        find: 'if std::mem::replace(&mut self.taken_over, true) { return Ok(()); }',
        plant: 'return Ok(());',
      },
    ],
  },
  {
    name: 'the first write leaves the root where it was read',
    about: 'the root that everything rests on may never reach the medium',
    suite: 'store_faults',
    sites: [{ file: flush, find: 'self.volume.rewrite_head(&self.io)', plant: 'Ok(Synced::Done)' }],
  },
  {
    name: 'the sound copy of a head is written first',
    about: 'a second loss of power leaves no copy of it',
    suite: 'store_head',
    sites: [{ file: volume, find: 'self.sound == [true, false]', plant: 'false' }],
  },
  {
    name: 'the first write leaves the logs where they were read',
    about: 'commits that a failed sync lost are not moved to fresh units',
    suite: 'store_faults',
    sites: [{ file: flush, find: 'let _ordered = self.flush_tables()?;', plant: '' }],
  },
  {
    name: 'a checkpoint trusts the root that was read back',
    about: 'what a failed sync lost is promised after the next open',
    suite: 'store_read_back',
    sites: [
      {
        file: flush,
        before: 'self.check_no_group()?;',
        find: 'self.take_over()?;',
        plant: '',
      },
    ],
  },
  {
    name: 'the first write trusts the length of the volume',
    about: 'a segment is put behind an end that the medium never heard of',
    suite: 'store_faults',
    sites: [
      {
        file: flush,
        before: 'fn rewrite_recovered(&mut self) -> Result<()> {',
        find: 'let trimmed = self.volume.trim(&self.io); self.poisoned(trimmed)?;',
        plant: '',
      },
    ],
  },
  {
    name: 'a root has one copy only',
    about: 'one damaged sector loses the newest state',
    suite: 'store_damage_sectors',
    sites: [{ file: 'kv/root.rs', find: 'slot.extend_from_slice(&copy);', plant: '' }],
  },
  {
    name: 'the checksum of a manifest is not checked',
    about: 'a torn manifest decides which segments there are',
    suite: 'store_damage',
    sites: [{ file: recover, find: 'xxh3_64(&bytes) != root.manifest_hash', plant: 'false' }],
  },
  {
    name: 'the checksum of a root is not checked',
    about: 'a torn root decides which state counts',
    suite: 'store_crash',
    sites: [
      {
        file: 'kv/root.rs',
        find: '!body.starts_with(&MAGIC) || Reader::new(rest).u32()? != crc32::hash(body)',
        plant: '!body.starts_with(&MAGIC)',
      },
    ],
  },
  {
    name: 'the checksum of a superblock is not checked',
    about: 'a damaged superblock decides where everything lies',
    suite: 'store_damage',
    sites: [
      {
        file: 'kv/superblock.rs',
        find: 'Reader::new(rest).u32()? != crc32::hash(body)',
        plant: 'false',
      },
    ],
  },
  {
    name: 'a superblock is written before the first root',
    about: 'a database whose making was cut off can neither be opened nor be made again',
    suite: 'store_crash',
    sites: [
      {
        file: volume,
        find: 'io.set_len(FileId::Volume, superblock::units_start(geometry))?;',
        plant: `
          io.set_len(FileId::Volume, superblock::units_start(geometry))?;
          io.write(FileId::Volume, 0, &superblock.encode())?;
          let _ = io.sync(FileId::Volume, Durability::Strict)?;`,
      },
    ],
  },
  {
    name: 'a close writes no last root',
    about: 'numbers stay reserved that nobody will ever be given',
    suite: 'store_close',
    sites: [{ file: flush, find: 'let _ = self.write_mark(self.seqs.visible)?;', plant: '' }],
  },
  {
    name: 'a large write set counts after one root',
    about: 'one damaged slot takes an acknowledged commit along, as no log holds it',
    suite: 'store_damage',
    sites: [
      { file: 'kv/store/spill.rs', find: 'self.write_mark(seq)?', plant: 'self.outstanding()' },
    ],
  },
  {
    name: 'the root lists the runs of level 0 in the wrong order',
    about: 'after an open old values lie over new ones',
    suite: 'store_model',
    sites: [
      {
        file: 'kv/version.rs',
        find: 'self.level0.iter().map(metas).collect()',
        plant: 'self.level0.iter().rev().map(metas).collect()',
      },
    ],
  },
]
