// Every behaviour of the package in WebKitGTK, which has IndexedDB and no OPFS.
import { test as base } from './harness/fixtures.js'
import { WebKit } from './harness/webkit.js'
import { planOf } from './suite/suites.js'

const test = base.extend<object, { window: WebKit }>({
  window: [
    async ({ origin }, use) => {
      const window = await WebKit.start()
      await window.goto(origin)
      await use(window)
      await window.close()
    },
    { scope: 'worker', timeout: 60_000 },
  ],
})

for (const [title, choice] of planOf(['indexeddb'])) {
  test(title, ({ window }) => window.callSuite('run', 'run', choice))
}

for (const name of ['countTransactions', 'takeOver', 'failTransactions', 'loseStorage']) {
  test(`indexeddb: ${name}`, ({ window }) => window.callSuite('chunked', name))
}
