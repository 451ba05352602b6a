import type { StorageBackend } from './types/open.js'
import { fault } from './wire.js'

/**
 * The storage for a choice of `open`, decided where the files are opened. `auto` is the best one
 * that lasts, and never memory.
 */
export function chooseBackend(choice: string): StorageBackend {
  switch (choice) {
    case 'memory':
      return 'memory'
    case 'auto':
    case 'opfs':
      if (hasOpfs()) return 'opfs'
      throw fault('Unsupported', `${missing()}; or open it with storage: 'memory'`)
    case 'indexeddb':
      throw fault(
        'Unsupported',
        "this version keeps nothing in IndexedDB; leave 'storage' out to use OPFS",
      )
    default:
      throw fault('InvalidInput', `'storage' is 'auto', 'opfs' or 'memory', not ${choice}`)
  }
}

function hasOpfs(): boolean {
  return (
    typeof navigator.storage?.getDirectory === 'function' &&
    typeof FileSystemFileHandle === 'function' &&
    'createSyncAccessHandle' in FileSystemFileHandle.prototype
  )
}

function missing(): string {
  return globalThis.isSecureContext
    ? 'this browser, or its private mode, has no origin private file system; use a current one'
    : 'only secure pages have the origin private file system; serve this one over https'
}
