// How the dice fall for what is not safe when the power goes: seeded, so that a state can be made
// again.
import { generator } from '../suite/support/people.js'
import type { Fate, Inode } from './disk.js'

/** What is kept of writes that are not safe. */
const KINDS = ['nothing', 'everything', 'all but one', 'only one', 'some', 'few', 'most'] as const

export interface Dice {
  readonly seed: number
  /** Whether the changes of names may be lost as well. */
  readonly names: boolean
  /** Files whose syncs are taken for nothing. */
  readonly deaf: ReadonlySet<Inode> | 'all'
}

/** Everything reaches the disk. */
export const kept: Fate = {
  names: (_, count) => count,
  write: () => ({ sectorBytes: 4096, kept: () => true }),
  resize: () => true,
  length: () => undefined,
  heed: () => true,
}

/** @param unsure how many writes are not safe, about */
export function roll({ seed, names, deaf }: Dice, unsure: number): Fate {
  const random = generator(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const kind = KINDS[below(KINDS.length)] ?? 'some'
  const tearing = random() < 0.5
  const sectorBytes = random() < 0.5 ? 512 : 4096
  const lagging = random() < 0.25
  const chosen = below(Math.max(unsure, 1))
  let count = -1
  const isKept = () => {
    count += 1
    switch (kind) {
      case 'nothing':
        return false
      case 'everything':
        return true
      case 'only one':
        return count === chosen
      case 'all but one':
        return count !== chosen
      default:
        return random() < { some: 0.5, few: 0.1, most: 0.9 }[kind]
    }
  }
  return {
    names: (safe, total) => (names ? safe + below(total - safe + 1) : total),
    write() {
      const kept = isKept()
      // A write that is kept may lack sectors, and one that is lost may have left some.
      const torn = tearing && random() < 0.5
      return { sectorBytes, kept: () => (torn ? random() < 0.5 : kept) }
    },
    resize: isKept,
    length: (had) => (lagging ? had[below(had.length)] : undefined),
    heed: (inode) => deaf !== 'all' && !deaf.has(inode),
  }
}
