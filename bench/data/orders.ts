import { Random } from './random.js'

/** The documents of the benchmark: about 450 bytes each as JSON. */
export interface Order {
  /** 26 characters that sort by time, as a ULID does. */
  id: string
  /** Indexed; each customer has `ORDERS_PER_CUSTOMER` orders, spread over all of them. */
  customer: string
  /** Indexed; a different whole number in every order, in no relation to the order of ids. */
  placed: number
  status: string
  total: number
  paid: boolean
  note: string
  address: { street: string; city: string; postcode: string; country: string }
  tags: string[]
}

/** How many documents an index lookup finds. */
export const ORDERS_PER_CUSTOMER = 50

/** Between the values of `placed` there is room, so that bounds of ranges need not be values. */
const PLACED_STEP = 7
const PLACED_FIRST = 1_700_000_000
const ID_DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const WORDS = (
  'amber anchor apple autumn basket bridge candle canyon carbon cedar circle copper coral ' +
  'cotton desert ember falcon feather forest garden granite harbor hazel island ivory jacket ' +
  'kettle lantern lemon linen maple marble meadow mirror morning needle ocean olive orchard ' +
  'paper pebble pepper pocket quartz raven ribbon river saddle salmon shadow silver spring ' +
  'summer timber tulip valley velvet walnut willow winter'
).split(' ')
const CITIES = ['Lisbon', 'Tampere', 'Łódź', 'Brno', 'Graz', 'Zürich', 'Malmö', 'Ghent', 'Cork']
const COUNTRIES = ['PT', 'FI', 'PL', 'CZ', 'AT', 'CH', 'SE', 'BE', 'IE']
const STATUSES = ['open', 'packed', 'shipped', 'delivered', 'returned']

/** The first `count` orders of a seed, in the order of their ids. */
export function makeOrders(seed: number, count: number): Order[] {
  const random = new Random('orders', seed)
  const customers = customerCount(count)
  const customerOf = random.permutation(count)
  const placedOf = random.permutation(count)
  return Array.from({ length: count }, (_, at) =>
    makeOrder(random, at, (customerOf[at] as number) % customers, placedOf[at] as number),
  )
}

/**
 * Orders that come after the first `existing` ones, of customers that those do not have, so that
 * lookups go on finding as many.
 */
export function makeNewOrders(random: Random, existing: number, count: number): Order[] {
  return Array.from({ length: count }, (_, i) => {
    const at = existing + i
    return makeOrder(random, at, customerCount(existing) + at, at)
  })
}

/** How many customers `count` orders have. */
export function customerCount(count: number): number {
  return Math.max(1, Math.floor(count / ORDERS_PER_CUSTOMER))
}

/** The name of a customer. */
export function customerName(customer: number): string {
  return `customer-${String(customer).padStart(8, '0')}`
}

/** A value of `placed` such that at least `after` of the first `count` orders come from it on. */
export function placedBefore(random: Random, count: number, after: number): number {
  return placedValue(random.below(Math.max(1, count - after)))
}

function placedValue(rank: number): number {
  return PLACED_FIRST + rank * PLACED_STEP
}

function makeOrder(random: Random, at: number, customer: number, placed: number): Order {
  const place = random.below(CITIES.length)
  return {
    id: makeId(random, at),
    customer: customerName(customer),
    placed: placedValue(placed),
    status: random.pick(STATUSES),
    total: random.below(100_000) / 100,
    paid: random.next() < 0.5,
    note: words(random, 24),
    address: {
      street: `${words(random, 2)} ${1 + random.below(200)}`,
      city: CITIES[place] as string,
      postcode: String(10_000 + random.below(90_000)),
      country: COUNTRIES[place] as string,
    },
    tags: Array.from({ length: 4 }, () => random.pick(WORDS)),
  }
}

function words(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.pick(WORDS)).join(' ')
}

function makeId(random: Random, at: number): string {
  let id = at.toString(10).padStart(10, '0')
  while (id.length < 26) id += ID_DIGITS[random.below(32)]
  return id
}
