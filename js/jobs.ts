/** What takes long is done in steps, so that others come in between and it can be cancelled. */

import type { Executor } from './executor.js'
import type { RawProgress, Request } from './protocol.js'

/**
 * A job: it yields how far it has come, and returns its answer. Where it yields nothing the storage
 * has to be waited for.
 */
export type Job = Generator<RawProgress | undefined, unknown, undefined>

/** A call that takes long. */
export type JobRequest = Request<'build' | 'createIndex' | 'compact'>

/** Documents and bytes of one step of building an index: some milliseconds. */
const BUILD_DOCUMENTS = 1000
const BUILD_BYTES = 512 * 1024
/** Bytes of one step of compacting. */
const COMPACT_BYTES = 1024 * 1024

interface BuildProgress {
  readonly collection: number
  readonly done: number
  readonly total: number
}

/** The job of a call; nothing has been done of it yet. */
export function jobOf(executor: Executor, request: JobRequest): Job {
  switch (request.call) {
    case 'build':
      return build(executor)
    case 'createIndex':
      return createIndex(executor, request)
    case 'compact':
      return compact(executor)
  }
}

function* build(executor: Executor): Job {
  const { engine } = executor
  for (;;) {
    const step = (yield* executor.patiently(() =>
      engine.buildStep(BUILD_DOCUMENTS, BUILD_BYTES),
    )) as BuildProgress | undefined
    if (step === undefined) return undefined
    const { done, total, collection } = step
    yield { phase: 'index', done, total: Math.max(done, total), collection }
  }
}

function* createIndex(executor: Executor, { collection, bytes }: Request<'createIndex'>): Job {
  const { engine } = executor
  yield* executor.patiently(() => engine.createIndex(collection, bytes))
  let cancelled = true
  try {
    yield* build(executor)
    cancelled = false
  } catch (error) {
    // One that cannot be built is dropped by the engine.
    cancelled = false
    throw error
  } finally {
    if (cancelled) yield* executor.patiently(() => engine.dropIndex(collection, bytes))
  }
  return undefined
}

function* compact(executor: Executor): Job {
  const { engine } = executor
  yield* executor.patiently(() => engine.compactBegin())
  for (;;) {
    const more = yield* executor.patiently(() => engine.step(COMPACT_BYTES))
    const report: unknown = engine.compactReport()
    if (report !== undefined || !more) return report
    const [done, total] = (engine.compactProgress() ?? [0, 0]) as [number, number]
    yield { phase: 'compact', done, total: Math.max(done, total) }
  }
}
