/**
 * Calls on an engine whose storage cannot answer at once. A task is a generator that yields
 * whenever the storage has to fetch or store something before it goes on; with a storage that
 * answers at once it never does, and runs straight through.
 */

import type { Engine } from '../build/wasm/entidb.js'
import type { WireError } from './errors.js'
import type { StorageBackend } from './types/open.js'
import { kindOf } from './wire.js'

/** What takes some calls on an engine, between which the storage may have to be waited for. */
export type Patient<R> = Generator<undefined, R, undefined>

/** What fetches and stores for an engine. */
export interface Backing {
  /** Why nothing can be stored any more: what the engine holds is not what is stored. */
  readonly failure: unknown
  /** Fetches what the engine lacks, then stores what it has changed. */
  serve(engine: Engine): Promise<void>
  close(): void
}

/** An engine with what it is over. */
export interface OpenEngine {
  readonly engine: Engine
  readonly backend: StorageBackend
  readonly backing?: Backing
  /** What whoever opened it should know. */
  readonly warning?: WireError
}

/** Makes a call, again after each miss, until what it changed is stored. */
export function* patiently<R>(
  engine: Engine,
  backing: Backing | undefined,
  call: () => R,
): Patient<R> {
  if (backing === undefined) return call()
  for (;;) {
    if (backing.failure !== undefined) throw backing.failure
    try {
      const result = call()
      if (!engine.settled()) yield
      return result
    } catch (error) {
      if (!isMissing(error)) {
        // Undoing what failed may have changed something; an engine that has stopped has no kind.
        if (kindOf(error) !== undefined && !engine.settled()) yield
        throw error
      }
    }
    yield
  }
}

/** Whether a call only lacks what the storage has to fetch. */
export function isMissing(thrown: unknown): boolean {
  return kindOf(thrown) === 'Missing'
}

/** Runs a task whose storage answers at once. */
export function straight<R>(task: Patient<R>): R {
  const step = task.next()
  if (step.done) return step.value
  throw new Error('a storage that answers at once made a call wait')
}
