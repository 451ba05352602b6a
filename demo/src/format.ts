// Numbers, sizes and names as people read them.

const whole = new Intl.NumberFormat('en')
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const regions = new Intl.DisplayNames('en', { type: 'region' })

/** Such as `135,233`. */
export const count = (value: number) => whole.format(value)

/** Such as `840` and `12.8K`, where there is little room. */
export const compact = (value: number) => short.format(value)

/** Such as `1 document` and `3 documents`. */
export const counted = (value: number, noun: string) =>
  `${count(value)} ${value === 1 ? noun : `${noun.replace(/y$/, 'ie')}s`}`

/** Milliseconds, such as `0.4 ms`, `38 ms` and `2.1 s`. */
export function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}

/** Bytes, such as `640 B`, `12 kB` and `41.3 MB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`
  if (value < 1_000_000) return `${Math.round(value / 1000)} kB`
  if (value < 1_000_000_000) return `${(value / 1_000_000).toFixed(1)} MB`
  return `${(value / 1_000_000_000).toFixed(1)} GB`
}

/** The English name of a country, or its code where that is not known. */
export function countryName(code: string): string {
  try {
    return regions.of(code) ?? code
  } catch {
    return code
  }
}

/** Such as `48.85\u00b0 N, 2.35\u00b0 E`. */
export function coordinates(latitude: number, longitude: number): string {
  const north = `${Math.abs(latitude).toFixed(2)}\u00b0 ${latitude < 0 ? 'S' : 'N'}`
  return `${north}, ${Math.abs(longitude).toFixed(2)}\u00b0 ${longitude < 0 ? 'W' : 'E'}`
}

/** A value as it stands in code. */
export function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replace(/[\\']/g, '\\$&')}'` : String(value)
}
