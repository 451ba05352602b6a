// Every behaviour of the package, on every storage, through a worker and without one.
import { callSuite, test } from './harness/fixtures.js'
import { type Choice, plan, suites } from './suite/suites.js'

for (const { suite, storage, client } of plan) {
  test.describe(`${client}, ${storage}, ${suite}`, () => {
    for (const behaviour of Object.keys(suites[suite])) {
      const choice: Choice = { suite, behaviour, storage, client }
      test(behaviour, ({ shared }) => callSuite(shared, 'run', 'run', choice))
    }
  })
}
