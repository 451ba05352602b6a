import type { Engine } from '../build/wasm/entidb.js'
import { isGroupFull } from './ops.js'
import { type Backing, type Patient, patiently } from './patience.js'
import type { Request } from './protocol.js'
import { fault } from './wire.js'

/** The view of reads that see the newest commit. */
const LATEST = 0

/** A call that is done in one go, and leaves no group of commits open. */
export type DirectRequest = Request<
  Exclude<Request['call'], 'stage' | 'txCommit' | 'build' | 'createIndex' | 'compact' | 'close'>
>

/** Carries calls out on an engine, whose views have numbers that callers choose. */
export class Executor {
  readonly engine: Engine
  /** What serves the engine's storage, where that cannot answer at once. */
  readonly backing: Backing | undefined
  readonly #handles = new Map<number, number>()

  constructor(engine: Engine, backing?: Backing) {
    this.engine = engine
    this.backing = backing
  }

  /** Makes a call on the engine, waiting for its storage where that has to be. */
  patiently<R>(call: () => R): Patient<R> {
    return patiently(this.engine, this.backing, call)
  }

  /** Carries out a call and returns its answer. */
  run(request: DirectRequest): unknown {
    const { engine } = this
    switch (request.call) {
      case 'get':
      case 'getMany':
      case 'has':
      case 'hash':
        return engine[request.call](this.handle(request.view), request.collection, request.bytes)
      case 'count':
        return engine.count(this.handle(request.view), request.collection)
      case 'queryPage': {
        const { view, bytes, maxBytes, maxRows } = request
        return engine.queryPage(this.handle(view), bytes, maxBytes, maxRows)
      }
      case 'page':
        return engine.page(request.cursor, request.maxBytes, request.maxRows)
      case 'closeCursor':
        return engine.closeCursor(request.cursor)
      case 'queryCount':
      case 'explain':
        return engine[request.call](this.handle(request.view), request.bytes)
      default:
        return this.#runOther(request)
    }
  }

  #runOther(request: DirectRequest): unknown {
    const { engine } = this
    switch (request.call) {
      case 'begin':
      case 'snapshot':
        this.#handles.set(request.view, engine[request.call]())
        return undefined
      case 'txStage':
        return engine.txStage(this.handle(request.view), request.bytes)
      case 'release':
        return this.#release(request.view)
      case 'collectionId':
        return engine.collectionId(request.name)
      case 'declare':
      case 'createCollection':
        return engine[request.call](request.bytes)
      case 'dropCollection':
      case 'clear':
      case 'indexes':
        return engine[request.call](request.collection)
      case 'dropIndex':
        return engine.dropIndex(request.collection, request.bytes)
      case 'setSchemaVersion':
        return engine.setSchemaVersion(request.version)
      case 'schemaVersion':
      case 'checkpoint':
      case 'stats':
        return engine[request.call]()
      default:
        return undefined
    }
  }

  /** Stages writes in the open group, which is committed by `commit` where it is full. */
  *stage(request: Request<'stage' | 'txCommit'>, commit: () => Patient<void>): Patient<Uint8Array> {
    for (;;) {
      const staged = yield* this.patiently(() => this.#tryStage(request))
      if (!isGroupFull(staged)) return staged
      yield* commit()
    }
  }

  #tryStage(request: Request<'stage' | 'txCommit'>): Uint8Array {
    const { engine } = this
    if (request.call === 'stage') return engine.stage(request.bytes, request.strict)
    return engine.txCommit(this.handle(request.view), request.strict)
  }

  /** Whether a snapshot or transaction has been begun, and not ended. */
  isOpen(view: number): boolean {
    return this.#handles.has(view)
  }

  /** The engine's number for a view. */
  handle(view: number): number {
    if (view === LATEST) return LATEST
    const handle = this.#handles.get(view)
    if (handle !== undefined) return handle
    throw fault('Closed', 'this snapshot or transaction has ended; begin another one')
  }

  #release(view: number): void {
    const handle = this.#handles.get(view)
    if (handle === undefined) return
    this.#handles.delete(view)
    // Numbers are shared, and what is not known is left alone.
    this.engine.rollback(handle)
    this.engine.release(handle)
  }
}
