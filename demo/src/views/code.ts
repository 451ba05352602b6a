// Code as it is shown: the few things that help the eye are coloured, nothing is parsed.
import { h } from '../dom.js'

const token = new RegExp(
  [
    "(?<string>'(?:[^'\\\\]|\\\\.)*')",
    '(?<number>\\b\\d[\\d_]*\\b)',
    '(?<word>\\b(?:await|async|const|for|of|if|interface|new|throw)\\b)',
    '(?<call>\\b\\w+(?=\\())',
  ].join('|'),
  'g',
)

/** A block of code. */
export function codeBlock(text: string): HTMLElement {
  return h('pre', { class: 'code', tabindex: 0 }, h('code', {}, ...coloured(text)))
}

/** The parts of a line of code, those that have a meaning in elements of their own. */
export function coloured(text: string): (Node | string)[] {
  const parts: (Node | string)[] = []
  let end = 0
  for (const found of text.matchAll(token)) {
    const kind = Object.entries(found.groups ?? {}).find(([, part]) => part !== undefined)?.[0]
    parts.push(text.slice(end, found.index), h('span', { class: `is-${kind}` }, found[0]))
    end = found.index + found[0].length
  }
  return [...parts, text.slice(end)]
}
