import { attach } from './attach.js'
import type { Client } from './client.js'
import { WholeCollection } from './collection.js'
import { type EntidbError, invalidInput } from './errors.js'
import type { Handles } from './handles.js'
import { checkCallback, watchOf } from './options.js'
import type { Session } from './port.js'
import type { Opened } from './protocol.js'
import { AsyncQuery } from './query.js'
import { runAsync } from './routine.js'
import { createCollection, dropCollection } from './schema.js'
import type { OpenSettings } from './settings.js'
import { statsOf } from './stats.js'
import { persist, storageInfo } from './storage.js'
import { fromWire } from './thrown.js'
import { readSnapshot, transact } from './transaction.js'
import type { ReadOptions, TransactionOptions } from './types/database.js'
import type { CollectionOptions } from './types/declare.js'
import type { LongCallOptions } from './types/open.js'
import type { CompactionResult, Stats, StorageInfo } from './types/report.js'
import type { Entity } from './types/values.js'

type Work = (context: never) => unknown

/** An open database; `Database` is what its users know it by. */
export class OpenDatabase {
  readonly name: string
  readonly collection: (name: string) => WholeCollection
  readonly #client: Client
  readonly #handles: Handles
  readonly #settings: OpenSettings
  readonly #opened: Opened
  readonly #listeners = new Set<(error: EntidbError) => void>()
  readonly #warning: EntidbError | undefined

  static {
    // Where the language has explicit resource management, `await using` closes.
    if (typeof Symbol.asyncDispose === 'symbol') {
      Object.defineProperty(OpenDatabase.prototype, Symbol.asyncDispose, {
        value: function (this: OpenDatabase) {
          return this.close()
        },
      })
    }
  }

  constructor(client: Client, handles: Handles, settings: OpenSettings, opened: Opened) {
    this.name = settings.host.name
    this.#client = client
    this.#handles = handles
    this.#settings = settings
    this.#opened = opened
    this.#warning = opened.warning && fromWire(opened.warning)
    const { strict } = settings
    const session: Session = { port: client, view: 0, drive: runAsync, strict }
    const make = attach(this, handles, (one) => new WholeCollection(session, one, AsyncQuery))
    this.collection = make
    client.onError = (error) => {
      for (const listener of this.#listeners) listener(error)
    }
  }

  async createCollection(name: string, options: CollectionOptions<Entity> = {}) {
    await runAsync(createCollection(this.#client, this.#handles.get(name), options))
    return this.collection(name)
  }

  async dropCollection(name: string): Promise<void> {
    await runAsync(dropCollection(this.#client, this.#handles.get(name)))
  }

  transaction(work: Work, options: TransactionOptions = {}): Promise<unknown> {
    return transact(this.#client, this.#handles, work, options, this.#settings.strict)
  }

  read(work: Work, options: ReadOptions = {}): Promise<unknown> {
    return readSnapshot(this.#client, this.#handles, work, options)
  }

  async checkpoint(): Promise<void> {
    await this.#client.call({ call: 'checkpoint' })
  }

  async compact(options: LongCallOptions = {}): Promise<CompactionResult> {
    const watch = watchOf(options, () => undefined)
    return (await this.#client.call<'compact'>({ call: 'compact' }, watch)) as CompactionResult
  }

  async stats(): Promise<Stats> {
    return statsOf(await this.#client.call<'stats'>({ call: 'stats' }))
  }

  async schemaVersion(): Promise<number> {
    return this.#client.call<'schemaVersion'>({ call: 'schemaVersion' })
  }

  async storage(): Promise<StorageInfo> {
    // Asks the host as well, so that it is not answered for a database that is gone.
    await this.#client.call({ call: 'schemaVersion' })
    return storageInfo(this.#opened, this.#settings)
  }

  async persist(): Promise<boolean> {
    return persist()
  }

  on(type: string, listener: (error: EntidbError) => void): () => void {
    if (type !== 'error' && type !== 'warning') {
      throw invalidInput(`there are no events '${type}'; there are 'error' and 'warning'`)
    }
    checkCallback(listener, 'listener')
    if (type === 'warning') return this.#onWarning(listener)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Warnings are about the open, which is over: whoever listens is told soon. */
  #onWarning(listener: (warning: EntidbError) => void): () => void {
    const warning = this.#warning
    let listens = warning !== undefined
    queueMicrotask(() => {
      if (warning !== undefined && listens) listener(warning)
    })
    return () => {
      listens = false
    }
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}
