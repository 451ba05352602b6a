import type { Engine } from '../../build/wasm/entidb.js'
import { documentOf } from '../codec/rows.js'
import { WholeCollection } from '../collection.js'
import type { Handle } from '../handles.js'
import { encodeId } from '../ids.js'
import type { Session } from '../port.js'
import { runSync } from '../routine.js'
import { fromThrown } from '../thrown.js'
import type { Id } from '../types/values.js'
import { DirectQuery } from './query.js'

/** A collection of `entidb/sync`, which decodes a document where it lies in the engine's memory. */
export class DirectCollection extends WholeCollection {
  readonly #engine: Engine
  readonly #memory: WebAssembly.Memory
  #bytes = new Uint8Array(0)

  constructor(session: Session, handle: Handle, engine: Engine, memory: WebAssembly.Memory) {
    super(session, handle, DirectQuery)
    this.#engine = engine
    this.#memory = memory
  }

  override get(id: Id): unknown {
    const key = encodeId(id)
    const { handle } = this
    const collection = handle.number ?? runSync(handle.id(this.session.port))
    let length: number
    let start: number
    try {
      length = this.#engine.getRaw(0, collection, key)
      start = length < 0 ? 0 : this.#engine.rawPointer()
    } catch (error) {
      throw fromThrown(error)
    }
    if (length < 0) return undefined
    // Growing replaces the buffer of the memory.
    if (this.#bytes.buffer !== this.#memory.buffer)
      this.#bytes = new Uint8Array(this.#memory.buffer)
    return documentOf(this.#bytes, id, start, start + length)
  }
}
