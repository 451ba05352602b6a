/** What `import 'entidb/sync'` gives. */

export { collection, index } from './declare.js'
export {
  EntidbError,
  ERROR_KINDS,
  type ErrorDetails,
  type ErrorKind,
  isEntidbError,
} from './errors.js'
export { open } from './sync/open.js'
export type * from './types.js'
export { generateId } from './uuid.js'
