/** UUIDs: their text, their bytes, and new ones in order of time. */

const HYPHEN = 0x2d
const BYTES = 16
const CHARS = 36

const DIGITS = '0123456789abcdef'
/** The value of a lower-case hex digit by its character code, or 255. */
const digitValue = new Uint8Array(128).fill(255)
for (let i = 0; i < DIGITS.length; i++) digitValue[DIGITS.charCodeAt(i)] = i
/** Where in the text the two digits of each byte are. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const

const units = new Array<number>(CHARS).fill(HYPHEN)

/** Whether `text` spells a UUID with lower-case digits, which is the spelling that is packed. */
export function isUuid(text: string): boolean {
  if (text.length !== CHARS || text.charCodeAt(8) !== HYPHEN) return false
  for (let i = 0; i < CHARS; i++) {
    const unit = text.charCodeAt(i)
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (unit !== HYPHEN) return false
    } else if (unit > 127 || digitValue[unit] === 255) {
      return false
    }
  }
  return true
}

/** Writes the 16 bytes of a text for which {@link isUuid} holds. */
export function putUuid(out: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < BYTES; i++) {
    const place = places[i] as number
    const upper = digitValue[text.charCodeAt(place)] as number
    out[at + i] = (upper << 4) | (digitValue[text.charCodeAt(place + 1)] as number)
  }
}

/** The text of the 16 bytes at `at`. */
export function uuidText(bytes: Uint8Array, at: number): string {
  for (let i = 0; i < BYTES; i++) {
    const place = places[i] as number
    const byte = bytes[at + i] as number
    units[place] = DIGITS.charCodeAt(byte >> 4)
    units[place + 1] = DIGITS.charCodeAt(byte & 15)
  }
  return String.fromCharCode.apply(undefined, units)
}

/** Random words drawn at once: one call of the platform serves many ids. */
const pool = new Uint32Array(768)
let poolAt = pool.length

function randomWord(): number {
  if (poolAt === pool.length) {
    crypto.getRandomValues(pool)
    poolAt = 0
  }
  return pool[poolAt++] as number
}

const TWO_30 = 2 ** 30
const COUNTER_MAX = 2 ** 42
const fresh = new Uint8Array(BYTES)
let lastMs = 0
/** 42 bits behind the time that keep the ids of one millisecond in order. */
let counter = 0

/**
 * A new id: a UUIDv7, later in order than every one made before it in this thread, even within one
 * millisecond or where the clock was set back.
 *
 * @example
 * await db.tasks.put({ id: generateId(), title: 'Write' })
 */
export function generateId(): string {
  const now = Date.now()
  if (now > lastMs) {
    lastMs = now
    // The top bit stays free, so that a millisecond has room to count.
    counter = (randomWord() >>> 1) * 2 ** 10 + (randomWord() >>> 22)
  } else {
    counter += 1 + (randomWord() >>> 16)
    if (counter >= COUNTER_MAX) {
      lastMs += 1
      counter -= COUNTER_MAX
    }
  }
  const view = new DataView(fresh.buffer)
  const upper = Math.floor(counter / TWO_30)
  view.setUint32(0, Math.floor(lastMs / 0x1_0000))
  view.setUint16(4, lastMs % 0x1_0000)
  view.setUint16(6, 0x7000 | upper)
  view.setUint32(8, 0x8000_0000 + (counter % TWO_30))
  view.setUint32(12, randomWord())
  return uuidText(fresh, 0)
}
