import { Checksum } from '../data/checksum.js'
import type { Store } from '../peers/peer.js'

/** How many documents go into a checksum; they are read outside of the measurement. */
const CHECKED = 200

/** The checksum of the first of these documents as the database has them. */
export async function checkIds(store: Store, ids: Iterable<string>): Promise<string> {
  const checksum = new Checksum()
  let left = CHECKED
  for (const id of ids) {
    if (left-- === 0) break
    checksum.add((await store.get(id)) ?? null)
  }
  return checksum.toString()
}
