import { bulk } from './bulk.js'
import { crud } from './crud.js'
import { direct } from './direct.js'
import { hosts } from './hosts.js'
import { indexes } from './indexes.js'
import { input } from './input.js'
import { lifecycle } from './lifecycle.js'
import { queries } from './queries.js'
import { snapshots } from './snapshots.js'
import type { Bench, Suite } from './support/bench.js'
import { transactions } from './transactions.js'
import { values } from './values.js'

/** Every suite by its name. */
export const suites = {
  crud,
  values,
  indexes,
  queries,
  input,
  bulk,
  transactions,
  snapshots,
  hosts,
  lifecycle,
  direct,
} satisfies Record<string, Suite>

/** Which behaviour to run, and on what. */
export interface Choice {
  readonly suite: keyof typeof suites
  readonly behaviour: string
  readonly storage: Bench['storage']
  readonly client: 'worker' | 'direct'
}

const everywhere = ['crud', 'values', 'indexes', 'queries', 'input', 'bulk'] as const
const lasting = ['transactions', 'snapshots', 'hosts', 'lifecycle'] as const

/** Where every behaviour is tried: each storage through a worker, and without one what can be. */
const places = [
  { storage: 'opfs', client: 'worker' },
  { storage: 'indexeddb', client: 'worker' },
  { storage: 'memory', client: 'worker' },
  { storage: 'opfs', client: 'direct' },
  { storage: 'memory', client: 'direct' },
] as const

/** What is to be run in a browser that has `storages`, with a title for each. */
export function planOf(storages: readonly Bench['storage'][]): (readonly [string, Choice])[] {
  const here = places.filter(({ storage }) => storages.includes(storage))
  return here.flatMap((place) =>
    suitesFor(place).flatMap((suite) =>
      Object.keys(suites[suite]).map((behaviour) => {
        const { client, storage } = place
        const choice: Choice = { suite, behaviour, storage, client }
        return [`${client}, ${storage}, ${suite} > ${behaviour}`, choice] as const
      }),
    ),
  )
}

function suitesFor({ storage, client }: Pick<Choice, 'storage' | 'client'>): Choice['suite'][] {
  if (client === 'direct') return [...everywhere, 'direct']
  return storage === 'memory' ? [...everywhere] : [...everywhere, ...lasting]
}

/** The behaviour of a choice. */
export function behaviourOf({ suite, behaviour }: Choice): Suite[string] {
  const found = (suites[suite] as Suite)[behaviour]
  if (found === undefined) throw new Error(`there is no '${behaviour}' in ${suite}`)
  return found
}
