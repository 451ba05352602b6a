import { appendFlush, overwriteFlush } from './append-flush.js'
import { encode, jsonParse, jsonStringify } from './documents.js'
import type { Limit } from './limit.js'
import { roundTrip } from './round-trip.js'

/** Every limit. A new one is a file and a line here. */
export const limits: readonly Limit[] = [
  appendFlush,
  overwriteFlush,
  encode,
  jsonStringify,
  jsonParse,
  roundTrip,
]
