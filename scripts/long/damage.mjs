// Damage: every bit, cut, byte, sector and sealed change, without the strides that `npm test` has.
import { damageTests, exploring } from '../lib/explore.mjs'
import { printedCounts } from '../lib/reliability.mjs'
import { run } from '../lib/run.mjs'

const strides = {
  DAMAGE_DEAD_STRIDE: '5',
  DAMAGE_SECTOR_STRIDE: '1',
  DAMAGE_SEALED_ROUNDS: '200',
}

export default {
  about: 'Damaged files are noticed, or harmless',
  /** @param {{ next: number }} task */
  run: async ({ next }) => {
    const output = await run('cargo', exploring(damageTests), { env: strides })
    return { counts: printedCounts(output), next: next + 1 }
  },
}
