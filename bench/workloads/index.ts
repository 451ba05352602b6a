import { bulkInsert } from './bulk-insert.js'
import { deletion } from './delete.js'
import { get } from './get.js'
import { getMany } from './get-many.js'
import { lookup } from './lookup.js'
import { mixes } from './mixed.js'
import { openWarm } from './open-warm.js'
import { put, putRelaxed } from './put.js'
import { putInFlight } from './put-in-flight.js'
import { range } from './range.js'
import { filter, scan } from './scan.js'
import { sizeFresh, sizeUsed } from './size.js'
import { update } from './update.js'
import type { Workload } from './workload.js'

/** Every workload, in the order of a round. A new one is a file and a line here. */
export const workloads: readonly Workload[] = [
  bulkInsert,
  sizeFresh,
  put,
  putInFlight,
  putRelaxed,
  get,
  getMany,
  lookup,
  range,
  scan,
  filter,
  update,
  deletion,
  ...mixes,
  openWarm,
  sizeUsed,
]
