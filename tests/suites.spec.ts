// Every behaviour of the package, on every storage, through a worker and without one.
import { callSuite, test } from './harness/fixtures.js'
import { planOf } from './suite/suites.js'

for (const [title, choice] of planOf(['opfs', 'indexeddb', 'memory'])) {
  test(title, ({ shared }) => callSuite(shared, 'run', 'run', choice))
}
