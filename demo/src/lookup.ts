// What can be asked for: each lookup is one access path, and knows the code that takes it.
import type { Query } from 'entidb'
import { literal } from './format.js'
import { type City, type CityDatabase, toSearchName } from './schema.js'

/** What the person asked for. */
export type Lookup =
  | { readonly by: 'name'; readonly prefix: string; readonly country: string }
  | {
      readonly by: 'population'
      /** The least population, inclusive. */
      readonly from: number | undefined
      /** The greatest, exclusive. */
      readonly to: number | undefined
      readonly country: string
    }
  | { readonly by: 'edited' }
  | { readonly by: 'id'; readonly id: string }

/** A lookup with the direction in which its index is read. */
export interface Request<L extends Lookup = Lookup> {
  readonly lookup: L
  readonly descending: boolean
}

/** What a query answers: everything but the document of one id. */
export type QueryLookup = Exclude<Lookup, { by: 'id' }>

/** A query together with the code that makes it. */
export interface Access {
  readonly query: Query<City>
  readonly code: string
}

/** The last code point: a name followed by it comes after all names that start so. */
const last = '\u{10ffff}'

/** The query that answers a request. */
export function access(db: CityDatabase, { lookup, descending }: Request<QueryLookup>): Access {
  const { query, code } = accessForward(db, lookup)
  return descending ? { query: query.reverse(), code: `${code}\n  .reverse()` } : { query, code }
}

function accessForward(db: CityDatabase, lookup: QueryLookup): Access {
  if (lookup.by === 'name') return byName(db, toSearchName(lookup.prefix), lookup.country)
  if (lookup.by === 'population') return byPopulation(db, lookup)
  return { query: db.cities.range('edited'), code: "db.cities.range('edited')" }
}

function byName(db: CityDatabase, prefix: string, country: string): Access {
  if (country === '') {
    const code = `db.cities.range('searchName', { prefix: ${literal(prefix)} })`
    return { query: db.cities.range('searchName', { prefix }), code }
  }
  const paths = ['country', 'searchName'] as const
  const start = `db.cities.range(['country', 'searchName'], {\n  prefix: [${literal(country)}]`
  if (prefix === '') {
    return { query: db.cities.range(paths, { prefix: [country] }), code: `${start},\n})` }
  }
  const query = db.cities.range(paths, { prefix: [country], gte: prefix, lt: `${prefix}${last}` })
  const code = `${start},\n  gte: ${literal(prefix)}, lt: '${prefix}\\u{10ffff}',\n})`
  return { query, code }
}

type PopulationLookup = Extract<Lookup, { by: 'population' }>

function byPopulation(db: CityDatabase, { from, to, country }: PopulationLookup): Access {
  const bounds = {
    ...(from === undefined ? {} : { gte: from }),
    ...(to === undefined ? {} : { lt: to }),
  }
  const ends = Object.entries(bounds)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')
  if (country === '') {
    const code = `db.cities.range('population'${ends === '' ? '' : `, { ${ends} }`})`
    return { query: db.cities.range('population', bounds), code }
  }
  const query = db.cities.range(['country', 'population'], { prefix: [country], ...bounds })
  const start = `db.cities.range(['country', 'population'], {\n  prefix: [${literal(country)}],`
  return { query, code: `${start}${ends === '' ? '' : `\n  ${ends},`}\n})` }
}
