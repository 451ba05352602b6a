/** The indexes that are declared, in words that a page and the oracle both understand. */
import { BULK, VISITS } from './writers.js'

export interface IndexShape {
  readonly paths: readonly ('rank' | 'tags' | 'slug' | 'flag' | 'writer' | 'n')[]
  readonly unique?: true
  readonly each?: true
  readonly kind?: 'hash'
}

/** Declared by some openings and not by others, so that they are built and dropped. */
const EXTRA: readonly IndexShape[] = [{ paths: ['slug'] }, { paths: ['tags'], each: true }]

/** What the work on indexes makes and drops again while the database is open. */
export const MADE: IndexShape = { paths: ['writer', 'rank'] }

/** The indexes of each collection. */
export function shapes(extra: boolean): Readonly<Record<string, readonly IndexShape[]>> {
  return {
    a: [
      { paths: ['rank'] },
      { paths: ['tags'], each: true },
      { paths: ['slug'], unique: true },
      { paths: ['flag'], kind: 'hash' },
      { paths: ['writer', 'n'] },
    ],
    b: [{ paths: ['rank'] }, ...(extra ? EXTRA : [])],
    c: [],
    [BULK]: [{ paths: ['rank'] }, ...(extra ? EXTRA : [])],
    [VISITS]: [],
  }
}
