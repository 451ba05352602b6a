import type { Client } from './client.js'
import { invalidInput } from './errors.js'
import type { Handles } from './handles.js'
import { checkDurability, checkSignal, checkWork } from './options.js'
import { Scope } from './scope.js'
import type { ReadOptions, TransactionOptions } from './types/database.js'
import { ATTEMPTS_MAX } from './writes.js'

const TIMEOUT_MS_DEFAULT = 10_000

type Work = (context: never) => unknown

/** Runs `work` as a transaction, and again where another commit came between. */
export async function transact(
  client: Client,
  handles: Handles,
  work: Work,
  options: TransactionOptions,
  strictByDefault: boolean,
): Promise<unknown> {
  if (Scope.isInside(client)) {
    throw invalidInput('transactions do not nest; use the one under way')
  }
  checkWork(work)
  const { signal, timeout = TIMEOUT_MS_DEFAULT, durability } = options
  checkSignal(signal)
  const strict = checkDurability(durability, strictByDefault)
  if (typeof timeout !== 'number' || !(timeout > 0)) {
    throw invalidInput("'timeout' is a number of milliseconds above 0")
  }
  const deadline = performance.now() + timeout
  for (let left = ATTEMPTS_MAX; ; left--) {
    const scope = new Scope(client, 'transaction', strict)
    try {
      return await scope.run(handles, work, { signal, timeout: deadline - performance.now() })
    } catch (error) {
      if (left === 1 || !scope.conflicted) throw error
    }
  }
}

/** Runs `work` over one snapshot. */
export async function readSnapshot(
  client: Client,
  handles: Handles,
  work: Work,
  { signal }: ReadOptions,
): Promise<unknown> {
  checkWork(work)
  checkSignal(signal)
  return new Scope(client, 'snapshot', false).run(handles, work, { signal })
}
