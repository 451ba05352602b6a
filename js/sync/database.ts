import type { Engine } from '../../build/wasm/entidb.js'
import { attach } from '../attach.js'
import { invalidInput } from '../errors.js'
import type { Handles } from '../handles.js'
import { checkDurability, checkWork } from '../options.js'
import type { Opened } from '../protocol.js'
import { runSync } from '../routine.js'
import { createCollection, dropCollection } from '../schema.js'
import type { OpenSettings } from '../settings.js'
import { statsOf } from '../stats.js'
import { storageInfo } from '../storage.js'
import type { CollectionOptions } from '../types/declare.js'
import type { Durability } from '../types/open.js'
import type { CompactionResult, Stats, StorageInfo } from '../types/report.js'
import type { Entity } from '../types/values.js'
import { DirectCollection } from './collection.js'
import type { DirectPort } from './port.js'
import { DirectScope } from './scope.js'

type Work = (context: never) => unknown

/** An open database of `entidb/sync`; `SyncDatabase` is what its users know it by. */
export class DirectDatabase {
  readonly name: string
  readonly collection: (name: string) => DirectCollection
  readonly #port: DirectPort
  readonly #handles: Handles
  readonly #settings: OpenSettings
  readonly #opened: Opened
  #inTransaction = false
  #closed = false

  static {
    // Where the language has explicit resource management, `using` closes.
    if (typeof Symbol.dispose === 'symbol') {
      Object.defineProperty(DirectDatabase.prototype, Symbol.dispose, {
        value: function (this: DirectDatabase) {
          this.close()
        },
      })
    }
  }

  constructor(
    port: DirectPort,
    handles: Handles,
    settings: OpenSettings,
    opened: Opened,
    engine: Engine,
    memory: WebAssembly.Memory,
  ) {
    this.name = settings.host.name
    this.#port = port
    this.#handles = handles
    this.#settings = settings
    this.#opened = opened
    const session = { port, view: 0, drive: runSync, strict: settings.strict }
    this.collection = attach(
      this,
      handles,
      (handle) => new DirectCollection(session, handle, engine, memory),
    )
  }

  createCollection(name: string, options: CollectionOptions<Entity> = {}): DirectCollection {
    runSync(createCollection(this.#port, this.#handles.get(name), options))
    return this.collection(name)
  }

  dropCollection(name: string): void {
    runSync(dropCollection(this.#port, this.#handles.get(name)))
  }

  transaction(work: Work, options: { readonly durability?: Durability } = {}): unknown {
    if (this.#inTransaction) {
      throw invalidInput('transactions do not nest; use the one under way')
    }
    checkWork(work)
    const strict = checkDurability(options.durability, this.#settings.strict)
    this.#inTransaction = true
    try {
      return new DirectScope(this.#port, 'transaction', strict).run(this.#handles, work)
    } finally {
      this.#inTransaction = false
    }
  }

  read(work: Work): unknown {
    checkWork(work)
    return new DirectScope(this.#port, 'snapshot', false).run(this.#handles, work)
  }

  checkpoint(): void {
    this.#port.call({ call: 'checkpoint' })
  }

  compact(): CompactionResult {
    return this.#port.call<'compact'>({ call: 'compact' }) as CompactionResult
  }

  stats(): Stats {
    return statsOf(this.#port.call<'stats'>({ call: 'stats' }))
  }

  schemaVersion(): number {
    return this.#port.call<'schemaVersion'>({ call: 'schemaVersion' })
  }

  async storage(): Promise<StorageInfo> {
    return storageInfo(this.#opened, this.#settings)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#port.call({ call: 'close' })
  }
}
