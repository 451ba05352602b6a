/** What `open` is given, checked; and what makes an open database what was asked for. */

import { EntidbError, invalidInput } from './errors.js'
import type { Handles } from './handles.js'
import { checkDatabaseName } from './names.js'
import { checkCallback, checkDurability, checkFlag, checkSignal, watchOf } from './options.js'
import type { Port } from './port.js'
import type { HostOptions, Opened } from './protocol.js'
import { type Routine, wait } from './routine.js'
import { checkSchema, declare } from './schema.js'
import type { Schema } from './types/declare.js'
import type { LongCallOptions, OpenOptions } from './types/open.js'

/** The largest schema version. */
const VERSION_MAX = 2 ** 31

/** What a database is opened with. */
export interface OpenSettings {
  readonly host: HostOptions
  readonly schema: Schema
  readonly version: number
  readonly strict: boolean
  readonly watch: LongCallOptions
}

/** The arguments of `open`, checked before anything is started. */
export function settingsOf(name: string, options: OpenOptions<Schema>): OpenSettings {
  checkDatabaseName(name)
  if (typeof options !== 'object' || options === null) {
    throw invalidInput('the options are an object')
  }
  const { signal, onProgress, collections = {}, storage = 'auto', version = 1 } = options
  checkSignal(signal)
  checkCallback(onProgress, 'onProgress')
  if (!Number.isInteger(version) || version < 1 || version > VERSION_MAX) {
    throw invalidInput(`'version' is a whole number from 1 on, not ${String(version)}`)
  }
  const databaseId = crypto.getRandomValues(new Uint8Array(16))
  const createIfMissing = checkFlag(options.createIfMissing, 'createIfMissing', true)
  const errorIfExists = checkFlag(options.errorIfExists, 'errorIfExists', false)
  const readOnly = checkFlag(options.readOnly, 'readOnly', false)
  return {
    host: {
      name,
      storage: String(storage),
      databaseId,
      createIfMissing,
      errorIfExists,
      readOnly,
    },
    schema: checkSchema(collections),
    version,
    strict: checkDurability(options.durability, true),
    watch: { ...(signal && { signal }), ...(onProgress && { onProgress }) },
  }
}

/** Brings an open database to the version and the collections that are asked for. */
export function* setUp(
  port: Port,
  handles: Handles,
  { schema, version, host, watch }: OpenSettings,
  { schemaVersion }: Opened,
): Routine<void> {
  if (schemaVersion > version) {
    const what = `the database has schema version ${schemaVersion}, and this program ${version}`
    throw new EntidbError('VersionMismatch', `${what}; reload to get the newest program`)
  }
  for (const name of handles.declared) handles.get(name).schema = schema[name]?.schema
  if (host.readOnly) return
  yield* declare(
    port,
    handles,
    schema,
    watchOf(watch, (number) => handles.nameOf(number)),
  )
  if (schemaVersion < version) {
    yield* wait(port.call<'setSchemaVersion'>({ call: 'setSchemaVersion', version }))
  }
}
