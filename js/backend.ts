import type { StorageBackend } from './types/open.js'
import { fault } from './wire.js'

/** The storage for a choice of `open`; for `auto` the one to be preferred. Never memory unasked. */
export function chooseBackend(choice: string): StorageBackend {
  switch (choice) {
    case 'memory':
    case 'indexeddb':
      return choice
    case 'auto':
    case 'opfs':
      if (hasOpfs()) return 'opfs'
      throw fault('Unsupported', `${missing()}; or open it with storage: 'indexeddb' or 'memory'`)
    default:
      throw fault(
        'InvalidInput',
        `'storage' is 'auto', 'opfs', 'indexeddb' or 'memory', not ${choice}`,
      )
  }
}

/** Whether there are the synchronous files that an engine needs. */
export function hasOpfs(): boolean {
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
