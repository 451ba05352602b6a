import { type Doc, type Write, writeOf } from '../shared/writers.js'

/** What one writer has stored, by collection and id. */
export type Stored = ReadonlyMap<string, Doc>

/** A place as a key; no id holds a space. */
export const placeOf = (collection: string, id: string) => `${collection} ${id}`

/** One writer as it must be found: after `done` writes, `stored` is what there is of it. */
export interface Progress {
  readonly done: number
  readonly stored: Stored
}

export const NOTHING: Progress = { done: 0, stored: new Map() }

/** The state after the next write. */
export function advance(seed: number, writer: number, { done, stored }: Progress): Progress {
  const next = new Map(stored)
  apply(next, writeOf(seed, writer, done + 1))
  return { done: done + 1, stored: next }
}

function apply(stored: Map<string, Doc>, write: Write): void {
  switch (write.do) {
    case 'put':
      for (const doc of write.docs) stored.set(placeOf(write.collection, doc.id), doc)
      return
    case 'clear':
      // A collection that is cleared has one writer.
      return stored.clear()
    case 'transaction':
      for (const [collection, id, amount] of write.adds) {
        const doc = stored.get(placeOf(collection, id))
        if (doc === undefined) continue
        stored.set(placeOf(collection, id), { ...doc, total: doc.total + amount })
      }
      for (const [collection, id] of write.deletes) stored.delete(placeOf(collection, id))
      for (const [collection, doc] of write.puts) stored.set(placeOf(collection, doc.id), doc)
  }
}
