// What is particular to databases in IndexedDB.
import { callSuite, expect, test } from './harness/fixtures.js'

const behaviours = {
  countTransactions: 'a commit is one transaction, and commits that come together share one',
  fallBack: 'where there is no OPFS, auto says so and goes on in IndexedDB',
  takeOver: 'without locks whoever opened last is the only one who can write',
  failTransactions: 'after a transaction that failed the database goes on from what is stored',
  failInTheMiddle: 'what was begun before a transaction failed is told so',
  loseStorage: 'a database that was removed from outside is not written to',
}

for (const [name, title] of Object.entries(behaviours)) {
  test(title, ({ shared }) => callSuite(shared, 'chunked', name))
}

test('what was acknowledged is there after the quota was used up', async ({ page, origin }) => {
  const devtools = await page.context().newCDPSession(page)
  const quota = (quotaSize?: number) =>
    devtools.send('Storage.overrideQuotaForOrigin', { origin, ...(quotaSize && { quotaSize }) })
  await quota(20_000_000)
  const acknowledged = await callSuite<undefined, number>(page, 'chunked', 'fill')
  expect(acknowledged).toBeGreaterThan(20)
  await quota()
  await callSuite(page, 'chunked', 'goOn', acknowledged)
})
