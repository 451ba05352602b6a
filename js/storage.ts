/** What the browser says about the storage of this origin. */

import { EntidbError } from './errors.js'
import type { Opened } from './protocol.js'
import type { OpenSettings } from './settings.js'
import type { StorageInfo } from './types/report.js'

/** Where a database is kept and how safely. */
export async function storageInfo(
  { backend, created }: Opened,
  { strict }: OpenSettings,
): Promise<StorageInfo> {
  const durability = strict ? 'strict' : 'relaxed'
  if (backend === 'memory') return { backend, durability, created, persisted: false }
  // Some browsers, and pages that are not secure, say nothing.
  const storage: StorageManager | undefined = navigator.storage
  const [persisted = false, { usage, quota } = {}] = await Promise.all([
    storage?.persisted(),
    storage?.estimate(),
  ])
  return {
    backend,
    durability,
    created,
    persisted,
    ...(usage !== undefined && { usage }),
    ...(quota !== undefined && { quota }),
  }
}

/** Asks the browser to keep the data of this origin. */
export async function persist(): Promise<boolean> {
  const { storage } = navigator
  if (typeof storage?.persist === 'function') return storage.persist()
  const advice = 'ask on a page that is served over https'
  throw new EntidbError('Unsupported', `the browser cannot be asked here; ${advice}`)
}
