// The states that a loss of power may have left of a recorded session.
import { createHash } from 'node:crypto'
import { generator } from '../suite/support/people.js'
import { bytesOf, type Inode } from './disk.js'
import { kept, roll } from './fate.js'
import type { Recording } from './recording.js'

/** A moment of a session, and how the dice fall there. */
export interface Moment {
  readonly number: number
  readonly point: number
  /** The last commit that must be there. */
  readonly floor: number
  readonly seed: number
}

/** Moment `number` of a recording: most of them are where something has just been promised. */
export function momentOf({ session, points, floor }: Recording, number: number): Moment {
  const random = generator(session.plan.seed * 1_000_003 + number)
  const where = random()
  const chosen = where < 0.4 ? points.acknowledged : where < 0.65 ? points.syncing : points.any
  const point = chosen[Math.floor(random() * chosen.length)] ?? 0
  return { number, point, floor: floor(point), seed: Math.floor(random() * 2 ** 31) }
}

/** The database's files after a loss of power. */
function partsAfter(
  { files }: Recording,
  { point, seed }: Moment,
  deaf: ReadonlySet<Inode> | 'all',
): Buffer[] {
  const unsure = files.map((file) => {
    if (file === undefined) return 0
    const heed = deaf !== 'all' && !deaf.has(file)
    return file.changes.filter(({ start }) => start < point).length - file.safe(point, heed)
  })
  const fate = roll(
    { seed, names: false, deaf },
    unsure.reduce((sum, count) => sum + count, 0),
  )
  return files.map((file) => (file ? bytesOf(file, point, fate) : Buffer.alloc(0)))
}

/** The database's files after a loss of power, as a page takes them: lengths, then bytes. */
export function filesAfter(
  recording: Recording,
  moment: Moment,
  deaf: ReadonlySet<Inode> | 'all' = new Set(),
): Buffer {
  const parts = partsAfter(recording, moment, deaf)
  const lengths = Buffer.alloc(4 * parts.length)
  for (const [at, { length }] of parts.entries()) lengths.writeUInt32LE(length, 4 * at)
  return Buffer.concat([lengths, ...parts])
}

/**
 * The whole storage folder after a loss of power: what each path holds, nothing for folders.
 * @param names whether the browser's own files, which hold the names, may suffer as well
 */
export function folderAfter(recording: Recording, moment: Moment, names: boolean) {
  const { disk, files } = recording
  const { point, seed } = moment
  const parts = partsAfter(recording, moment, new Set())
  const fate = names ? roll({ seed, names, deaf: new Set() }, 8) : kept
  const bytes = (inode: Inode) => parts[files.indexOf(inode)] ?? bytesOf(inode, point, fate)
  const paths = disk.names(point, fate)
  return new Map([...paths].map(([path, inode]) => [path, inode && bytes(inode)]))
}

export const digestOf = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex')
