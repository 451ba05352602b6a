// Makes elements. Text always goes in as text, so that no document can bring markup along.

type Attribute = string | number | boolean | undefined | ((event: Event) => void)

/** What can stand inside an element. */
export type Child = Node | string

/**
 * An element with its attributes and children. `true` sets an attribute without a value, `false`
 * and `undefined` leave it out; a function under `onclick` and the like listens.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value))
  }
  element.append(...children)
  return element
}

/** A part of a drawing. */
export function svg(
  tag: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly Node[]
): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  element.append(...children)
  return element
}

/** A form control with its visible label, and a hint below it where there is one. */
export function field(label: string, control: HTMLElement, hint?: Child): HTMLElement {
  const text = h('span', { class: 'label' }, label)
  const extra = hint === undefined ? [] : [h('span', { class: 'hint' }, hint)]
  return h('label', { class: 'field' }, text, control, ...extra)
}

/** A titled part of the page. */
export function card(name: string, title: string, ...children: readonly Child[]): HTMLElement {
  const id = `${name}-title`
  const heading = h('h2', { id }, title)
  return h('section', { class: `card ${name}`, 'aria-labelledby': id }, heading, ...children)
}

/** A list of terms with one value each, and the means to set those by their term. */
export function facts(terms: readonly string[]) {
  const values = new Map(terms.map((term) => [term, h('dd', {}, '\u2013')]))
  const rows = [...values].map(([term, value]) => h('div', {}, h('dt', {}, term), value))
  const element = h('dl', { class: 'facts' }, ...rows)
  const set = (all: Readonly<Record<string, string>>) => {
    for (const [term, text] of Object.entries(all)) values.get(term)?.replaceChildren(text)
  }
  return { element, set }
}
