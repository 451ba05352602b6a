/** Every public type; the entries of the package re-export what belongs to them. */

export type * from './types/collection.js'
export type * from './types/database.js'
export type * from './types/declare.js'
export type * from './types/open.js'
export type * from './types/paths.js'
export type * from './types/query.js'
export type * from './types/report.js'
export type * from './types/sync.js'
export type * from './types/values.js'
