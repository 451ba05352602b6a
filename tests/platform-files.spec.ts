// A database knows its files by what is in them: their names are not durable in OPFS.
import { callSuite, expect, test } from './harness/fixtures.js'
import { cases } from './suite/platform-files.js'

/** The engine looks into files that lie under each other's names. */
const sound = /^nothing is changed|^the files lie as/

/** What is left of now may be no more than an earlier day had begun: nothing tells of the rest. */
const old = /and .* is from an earlier day/

for (const which of cases) {
  test(`where ${which}`, async ({ shared }) => {
    const outcome = await callSuite<string, string>(shared, 'platform-files', 'arrange', which)
    if (sound.test(which)) expect(outcome).toBe('whole')
    else if (old.test(which)) expect(['whole', 'Corrupt', 'earlier']).toContain(outcome)
    else expect(['whole', 'Corrupt']).toContain(outcome)
  })
}
