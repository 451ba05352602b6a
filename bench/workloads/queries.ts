import { Checksum } from '../data/checksum.js'
import type { Order } from '../data/orders.js'
import type { Awaitable } from '../peers/peer.js'
import { type Outcome, rate } from './measure.js'

/** How many queries are asked once more for the checksum. */
const CHECKED = 10

/**
 * Asks one query for each of `inputs`, `weight` operations each. All results together are counted,
 * and those of some go into the checksum.
 */
export async function runQueries<Input>(
  inputs: readonly Input[],
  weight: number,
  ask: (input: Input) => Awaitable<Order[]>,
): Promise<Outcome> {
  let found = 0
  const value = await rate(inputs.length * weight, async () => {
    for (const input of inputs) {
      const reply = ask(input)
      const docs = reply instanceof Promise ? await reply : reply
      found += docs.length
    }
  })
  const checksum = new Checksum()
  checksum.add(found)
  for (const input of inputs.slice(0, CHECKED)) {
    for (const doc of await ask(input)) checksum.add(doc)
  }
  return { value, checksum: checksum.toString() }
}
