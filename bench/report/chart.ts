import { format } from './figures.js'
import { chosen, comparable, moreIsBetter, valuesOf } from './markdown.js'
import type { Result } from './result.js'

const WIDTH = 860
const LABEL_WIDTH = 300
const BAR_WIDTH = 400
const BAR_HEIGHT = 14
const ROW_GAP = 14
const LEGEND_COLUMNS = 5
const LEGEND_HEIGHT = 18
/** Told apart in print and by those who see colours differently. */
const COLOURS = [
  '#0b6e4f',
  '#c98a2b',
  '#5b5f97',
  '#b23a48',
  '#2a9d8f',
  '#8d99ae',
  '#e76f51',
  '#457b9d',
  '#9a6fb0',
  '#6a994e',
  '#bc6c25',
  '#3d405b',
]

/** A bar chart as SVG: one group for each workload, the best bar of each at full width. */
export function toSvg(result: Result): string {
  const peers = comparable(result)
  const parts: string[] = [legend(peers)]
  let y = 26 + LEGEND_HEIGHT * Math.ceil(peers.length / LEGEND_COLUMNS)
  for (const { name, title, unit } of chosen(result)) {
    const medians = peers.map((peer) => valuesOf(result, name, peer)?.median)
    const goodness = medians.map((value) => goodnessOf(value, moreIsBetter(unit)))
    const best = Math.max(...goodness)
    const middle = y + (peers.length * BAR_HEIGHT) / 2 + 4
    parts.push(text(LABEL_WIDTH - 10, middle, title, 'end'))
    medians.forEach((value, at) => {
      const width = value === undefined ? 0 : (BAR_WIDTH * (goodness[at] ?? 0)) / best
      parts.push(bar(y, width, at))
      const shown = value === undefined ? 'not measured' : `${format(value)} ${unit}`
      parts.push(text(LABEL_WIDTH + width + 6, y + BAR_HEIGHT - 3, shown, 'start'))
      y += BAR_HEIGHT
    })
    y += ROW_GAP
  }
  return svg(y, parts)
}

function goodnessOf(value: number | undefined, more: boolean): number {
  if (value === undefined) return 0
  return more ? value : 1 / value
}

function legend(peers: readonly string[]): string {
  return peers
    .map((peer, at) => {
      const x = LABEL_WIDTH + (at % LEGEND_COLUMNS) * 110
      const y = 12 + Math.floor(at / LEGEND_COLUMNS) * LEGEND_HEIGHT
      const colour = COLOURS[at % COLOURS.length]
      const square = `<rect x="${x}" y="${y}" width="12" height="12" fill="${colour}"/>`
      return square + text(x + 18, y + 10, peer, 'start')
    })
    .join('\n')
}

function bar(y: number, width: number, at: number): string {
  const colour = COLOURS[at % COLOURS.length]
  const shape = `x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT - 2}"`
  return `<rect ${shape} fill="${colour}"/>`
}

function text(x: number, y: number, content: string, anchor: 'start' | 'end'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}">${escaped}</text>`
}

function svg(height: number, parts: string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img"` +
      ' font-family="system-ui, sans-serif" font-size="12" fill="#1f2933">',
    '<title>Benchmark: longer bars are better</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}
