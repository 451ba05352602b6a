// The browsers and storages that a database is tried in.
import { findChromium, findFirefox, findWebKit } from '../../scripts/lib/browser.mjs'
import type { Browser, Pages } from './browsers/browser.js'
import { Chromium } from './browsers/chromium.js'
import { Firefox } from './browsers/firefox.js'
import { WebKit } from './browsers/webkit.js'
import type { Plan } from './shared/protocol.js'

export interface Cell {
  readonly browser: 'Chromium' | 'Firefox' | 'WebKit'
  readonly storage: Plan['storage']
}

export const cells = [
  { browser: 'Chromium', storage: 'opfs' },
  { browser: 'Firefox', storage: 'opfs' },
  { browser: 'Chromium', storage: 'indexeddb' },
  { browser: 'Firefox', storage: 'indexeddb' },
  // It has no other.
  { browser: 'WebKit', storage: 'indexeddb' },
] as const satisfies readonly Cell[]

const find = { Chromium: findChromium, Firefox: findFirefox, WebKit: findWebKit }

/** The cell of a seed, the same on every machine. */
export const cellOf = (seed: number) => cells[seed % cells.length] as Cell

export const isInstalled = ({ browser }: Cell) => find[browser]() !== undefined

export const nameOf = ({ browser, storage }: Cell) =>
  `${browser}, ${storage === 'opfs' ? 'OPFS' : 'IndexedDB'}`

/**
 * Starts a browser on a profile, with the pages that it opens by itself, if it does.
 * @param keeper the page that opens and closes others in a browser that nobody drives
 */
export function startBrowser(
  browser: Cell['browser'],
  profile: string,
  keeper: string,
  display: string,
): Browser & Partial<Pages> {
  switch (browser) {
    case 'Chromium':
      return new Chromium(profile)
    case 'Firefox':
      return new Firefox(profile, keeper)
    case 'WebKit':
      return new WebKit(profile, keeper, display)
  }
}
