// Where the browser gives no more room: wherever that comes, it is said so, and nothing is lost.
// Only OPFS: Chromium notices late, and not at any size in particular, what IndexedDB takes.
import { callSuite, expect, test } from '../harness/fixtures.js'
import type { Filled } from '../suite/kill-quota.js'

const MIB = 2 ** 20
/** Up to where a database has gone through everything that takes room for the first time. */
const STEPS = Number(process.env.QUOTA_STEPS ?? 8)

test('a database keeps what it has at every size that it may take', async ({ page, origin }) => {
  test.setTimeout(STEPS * 20_000)
  const devtools = await page.context().newCDPSession(page)
  const sizes: number[] = []
  for (let step = 1; step <= STEPS; step++) {
    const name = `quota ${step}`
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: step * MIB })
    const filled = await callSuite<string, Filled>(page, 'kill-quota', 'fill', name)
    expect(filled.kind).toBe('QuotaExceeded')
    await devtools.send('Storage.overrideQuotaForOrigin', { origin })
    const { acknowledged } = filled
    await callSuite(page, 'kill-quota', 'goOn', { name, acknowledged })
    sizes.push(acknowledged)
  }
  // Otherwise it was not the quota that ended it.
  expect(sizes.at(-1)).toBeGreaterThan(Number(sizes[0]))
})
