import { crud } from './crud.js'
import type { Bench, Suite } from './support/bench.js'

/** Every suite by its name. */
export const suites: Readonly<Record<string, Suite>> = { crud }

/** Which behaviour to run, and on what. */
export interface Choice {
  readonly suite: string
  readonly behaviour: string
  readonly storage: Bench['storage']
  readonly client: 'worker' | 'direct'
}
