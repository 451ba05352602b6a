/** What `import 'entidb'` gives. */

export { collection, index } from './declare.js'
export {
  EntidbError,
  ERROR_KINDS,
  type ErrorDetails,
  type ErrorKind,
  isEntidbError,
} from './errors.js'
export { list, open, remove } from './open.js'
export type * from './types.js'
export { generateId } from './uuid.js'
export { version } from './version.js'
