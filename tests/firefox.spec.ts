// Every behaviour of the package in Firefox, through a worker.
import { firefox, type Page } from '@playwright/test'
import { findFirefox } from '../scripts/lib/browser.mjs'
import { test as base, callSuite } from './harness/fixtures.js'
import { planOf } from './suite/suites.js'

const test = base.extend<object, { window: Page }>({
  window: [
    async ({ origin }, use) => {
      const executablePath = findFirefox() ?? 'firefox'
      const browser = await firefox.launch({
        channel: 'moz-firefox',
        executablePath,
        // Whether the site's data is kept is asked of a person otherwise.
        firefoxUserPrefs: {
          'dom.storageManager.prompt.testing': true,
          'dom.storageManager.prompt.testing.allow': true,
        },
      })
      const window = await browser.newPage()
      await window.goto(origin)
      await use(window)
      await browser.close()
    },
    { scope: 'worker', timeout: 60_000 },
  ],
})

for (const [title, choice] of planOf(['opfs', 'indexeddb'])) {
  if (choice.client === 'worker')
    test(title, ({ window }) => callSuite(window, 'run', 'run', choice))
}

for (const name of [
  'countTransactions',
  'fallBack',
  'takeOver',
  'failTransactions',
  'loseStorage',
]) {
  test(`indexeddb: ${name}`, ({ window }) => callSuite(window, 'chunked', name))
}
