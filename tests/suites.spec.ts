// Every behaviour of the package, on every storage, through a worker and without one.
import { callSuite, test } from './harness/fixtures.js'
import { type Choice, suites } from './suite/suites.js'

for (const client of ['worker', 'direct'] as const) {
  for (const storage of ['opfs', 'memory'] as const) {
    for (const [suite, behaviours] of Object.entries(suites)) {
      test.describe(`${client}, ${storage}, ${suite}`, () => {
        for (const behaviour of Object.keys(behaviours)) {
          const choice: Choice = { suite, behaviour, storage, client }
          test(behaviour, ({ shared }) => callSuite(shared, 'run', 'run', choice))
        }
      })
    }
  }
}
