import { encodeDocument } from '../../js/codec/encode.js'
import { rate } from '../workloads/measure.js'
import type { Limit } from './limit.js'

/** How many documents are converted; few ones are gone through several times. */
const CONVERSIONS = 40_000

export const encode: Limit = {
  name: 'encode',
  title: 'encode a document',
  unit: 'operations/s',
  onPages: true,
  run: (orders) => forEach(orders, encodeDocument),
}

export const jsonParse: Limit = {
  name: 'json-parse',
  title: 'JSON.parse of a document',
  unit: 'operations/s',
  onPages: true,
  run: (orders) =>
    forEach(
      orders.map((order) => JSON.stringify(order)),
      JSON.parse,
    ),
}

export const jsonStringify: Limit = {
  name: 'json-stringify',
  title: 'JSON.stringify of a document',
  unit: 'operations/s',
  onPages: true,
  run: (orders) => forEach(orders, JSON.stringify),
}

async function forEach<T>(all: readonly T[], convert: (item: T) => unknown) {
  let converted: unknown
  const value = await rate(CONVERSIONS, () => {
    for (let i = 0; i < CONVERSIONS; i++) converted = convert(all[i % all.length] as T)
  })
  if (converted === undefined) throw new Error('nothing was converted')
  return { value }
}
