import { Client } from './client.js'
import { OpenDatabase } from './database.js'
import { Handles } from './handles.js'
import { checkDatabaseName } from './names.js'
import type { Opened } from './protocol.js'
import { runAsync } from './routine.js'
import { type OpenSettings, settingsOf, setUp } from './settings.js'
import { start } from './start.js'
import type { Database } from './types/database.js'
import type { NoSchema, Schema } from './types/declare.js'
import type { OpenOptions } from './types/open.js'

/**
 * Opens the database `name`, and makes it where there is none. It resolves when the declared
 * collections and indexes are there and built. A name has 1 to 80 bytes of UTF-8, and names that
 * differ in anything differ.
 *
 * One `open` at a time can have a database: others are `Locked`, in other tabs as well.
 *
 * @example
 * const db = await open('tasks', {
 *   collections: { tasks: collection<Task>({ indexes: [index('projectId', 'due')] }) },
 * })
 */
export async function open<S extends Schema = NoSchema>(
  name: string,
  options: OpenOptions<S> = {},
): Promise<Database<S>> {
  const settings = settingsOf(name, options)
  const task = { type: 'open', options: settings.host } as const
  const started = await start(task, settings.watch.signal)
  const client = new Client(started)
  // What is in memory is held from nobody, and would be lost.
  if ((started.value as Opened).backend !== 'memory') client.endWithPage()
  try {
    return (await finish(client, settings, started.value as Opened)) as unknown as Database<S>
  } catch (error) {
    client.abandon()
    throw error
  }
}

async function finish(client: Client, settings: OpenSettings, opened: Opened) {
  const handles = new Handles(Object.keys(settings.schema))
  await runAsync(setUp(client, handles, settings, opened))
  return new OpenDatabase(client, handles, settings, opened)
}

/**
 * The names of this origin's databases that are kept in OPFS, sorted.
 *
 * @example
 * for (const name of await list()) console.log(name)
 */
export async function list(): Promise<string[]> {
  const { worker, value } = await start({ type: 'list' })
  worker.terminate()
  return (value as string[]).sort()
}

/**
 * Deletes the database `name` with all its data, and says whether there was one. `Locked` where it
 * is open somewhere.
 *
 * @example
 * await remove('tasks')
 */
export async function remove(name: string): Promise<boolean> {
  checkDatabaseName(name)
  const { worker, value } = await start({ type: 'remove', name })
  worker.terminate()
  return value as boolean
}
