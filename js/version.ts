import { PROTOCOL } from './protocol.js'
import type { VersionInfo } from './types/open.js'

/** The version in package.json. */
const LIBRARY = '0.1.0'
/** The format version in engine/FORMAT.md. */
const FORMAT = '1.0'

/**
 * The versions of the package, of what it stores, and of the messages to its worker.
 *
 * @example
 * version().library // '0.1.0'
 */
export function version(): VersionInfo {
  return { library: LIBRARY, format: FORMAT, protocol: PROTOCOL }
}
