// Which browsers the tests drive, and the switches that Chromium is started with.
import { existsSync, readdirSync } from 'node:fs'
import { Failure, which } from './run.mjs'

/**
 * No sandbox, because containers and CI run as root; the others keep the browser from looking for
 * hosts that a test machine may not reach.
 */
export const chromiumArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The path of Chromium: `CHROMIUM`, else what is installed. */
export function findChromium() {
  return (
    process.env.CHROMIUM ?? which('chromium', 'google-chrome', 'google-chrome-stable', 'chrome')
  )
}

/** The path of ChromeDriver: `CHROMEDRIVER`, else what is installed. */
export function findChromedriver() {
  return process.env.CHROMEDRIVER ?? which('chromedriver')
}

/** The path of Firefox: `FIREFOX`, else what is installed. */
export function findFirefox() {
  return process.env.FIREFOX ?? which('firefox-esr', 'firefox')
}

/**
 * WebKitGTK as far as it is installed: its driver, the small browser that comes with it outside of
 * every PATH, and a screen for that.
 */
export function findWebKit() {
  const driver = process.env.WEBKIT_DRIVER ?? which('WebKitWebDriver')
  const screen = which('xvfb-run')
  const browser = process.env.MINIBROWSER ?? findMiniBrowser()
  return driver && screen && browser ? { driver, screen, browser } : undefined
}

function findMiniBrowser() {
  const libraries = '/usr/lib'
  if (!existsSync(libraries)) return undefined
  return readdirSync(libraries)
    .flatMap((name) =>
      ['4.1', '6.0'].map((version) => `${libraries}/${name}/webkit2gtk-${version}/MiniBrowser`),
    )
    .find((path) => existsSync(path))
}

/** Like `findChromium`, for those who cannot go on without it. */
export function chromium() {
  const path = findChromium()
  if (path) return path
  throw new Failure('Chromium is missing: run `npm run setup`, or set CHROMIUM to its path')
}
