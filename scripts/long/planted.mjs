// Whether the tests of the engine can fail: bugs are planted in a copy of it, one at a time, and
// each must be noticed.
import { Failure, say, seconds } from '../lib/run.mjs'
import { build, checkSound, hunt } from '../planted/hunt.mjs'
import { SWITCH } from '../planted/plant.mjs'
import { bugs } from '../planted/table.mjs'

export default {
  about: 'Planted bugs, and what noticed them',
  /** It begins anew with each run: what noticed a bug once may not do so any more. */
  run: async () => {
    const suites = await build(bugs)
    await checkSound(suites)
    /** @type {Record<string, string>[]} */
    const rows = []
    for (const [number, bug] of bugs.entries()) {
      const started = Date.now()
      const test = await hunt(number, bug, suites)
      say(`${bug.name}: ${test ?? 'NOT NOTICED'} (${seconds(started)})`)
      rows.push({ bug: bug.name, 'what it leads to': bug.about, 'caught by': test ?? '' })
    }
    const missed = rows.flatMap((row, number) =>
      row['caught by'] ? [] : [`"${row.bug}" (${SWITCH}=${number})`],
    )
    if (missed.length > 0) {
      throw new Failure(`no test of build/planted/source notices ${missed.join(', ')}: write one`)
    }
    return { counts: { planted: bugs.length, noticed: rows.length }, rows, next: 0 }
  },
}
