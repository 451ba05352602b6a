import { Checksum } from '../data/checksum.js'
import type { Order } from '../data/orders.js'
import type { Awaitable } from '../peers/peer.js'
import { type Outcome, paced, partly } from './measure.js'
import type { Round } from './workload.js'

/** How many queries are asked once more for the checksum. */
const CHECKED = 10

/**
 * Asks one query for each of `inputs`, `weight` operations each; the results of some go into the
 * checksum.
 */
export async function runQueries<Input>(
  { secondsMax }: Round,
  inputs: readonly Input[],
  weight: number,
  ask: (input: Input) => Awaitable<Order[]>,
): Promise<Outcome> {
  let found = 0
  const count = (docs: Order[]) => {
    found += docs.length
  }
  const pace = await paced(inputs, secondsMax, (input) => {
    const reply = ask(input)
    return reply instanceof Promise ? reply.then(count) : count(reply)
  })
  if (found === 0) throw new Error('nothing was found')
  const checksum = new Checksum()
  for (const input of inputs.slice(0, CHECKED)) {
    for (const doc of await ask(input)) checksum.add(doc)
  }
  const left = partly(pace, inputs.length)
  return { value: pace.perSecond * weight, checksum: checksum.toString(), ...left }
}
