// Which browser the tests drive, and the switches it is started with.
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

/** Like `findChromium`, for those who cannot go on without it. */
export function chromium() {
  const path = findChromium()
  if (path) return path
  throw new Failure('Chromium is missing: run `npm run setup`, or set CHROMIUM to its path')
}
