/** The measurements of one participant in one workload, summed up. */
export interface Figures {
  median: number
  least: number
  most: number
  /** One value for each round. */
  rounds: number[]
}

export function figuresOf(rounds: number[]): Figures {
  return {
    median: median(rounds),
    least: Math.min(...rounds),
    most: Math.max(...rounds),
    rounds,
  }
}

/** The figures of `a / b`, round by round: what slows a whole round down does not count. */
export function ratioOf(a: number[], b: number[]): Figures {
  return figuresOf(a.map((value, round) => value / (b[round] ?? Number.NaN)))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN
  return (upper + lower) / 2
}

/** Such as `12,300`, `845`, `9.12` or `0.37`: three digits that mean something. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return '-'
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}
