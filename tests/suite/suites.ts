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

/** What is to be run: all suites where they make sense. */
export const plan: readonly Omit<Choice, 'behaviour'>[] = [
  ...(['worker', 'direct'] as const).flatMap((client) =>
    (['opfs', 'memory'] as const).flatMap((storage) =>
      everywhere.map((suite) => ({ suite, storage, client })),
    ),
  ),
  ...everywhere.map((suite) => ({ suite, storage: 'indexeddb', client: 'worker' }) as const),
  ...(['opfs', 'indexeddb'] as const).flatMap((storage) =>
    (['transactions', 'snapshots', 'hosts', 'lifecycle'] as const).map(
      (suite) => ({ suite, storage, client: 'worker' }) as const,
    ),
  ),
  { suite: 'direct', storage: 'opfs', client: 'direct' },
  { suite: 'direct', storage: 'memory', client: 'direct' },
]

/** The behaviour of a choice. */
export function behaviourOf({ suite, behaviour }: Choice): Suite[string] {
  const found = (suites[suite] as Suite)[behaviour]
  if (found === undefined) throw new Error(`there is no '${behaviour}' in ${suite}`)
  return found
}
