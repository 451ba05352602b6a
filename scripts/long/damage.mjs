// Damage: every bit, cut, byte, sector and sealed change, without the strides that `npm test` has.
import { Failure, run } from '../lib/run.mjs'

const sweeps = ['store_damage_bits', 'store_damage_sectors', 'store_damage_sealed', 'db_verify']

export default {
  name: 'damage',
  about: 'Damaged files are noticed, or harmless',
  /** @param {{ next?: number }} options */
  run: async ({ next = 0 }) => {
    /** @type {Record<string, number>} */
    const counts = {}
    const env = {
      DAMAGE_DEAD_STRIDE: '5',
      DAMAGE_SECTOR_STRIDE: '1',
      DAMAGE_SEALED_ROUNDS: '200',
    }
    const tests = sweeps.flatMap((sweep) => ['--test', sweep])
    const args = ['test', '--locked', '-p', 'entidb', ...tests, '--', '--nocapture']
    const output = await run('cargo', args, { env })
    const lines = output.match(/^reliability (\{.*\})$/gm) ?? []
    if (lines.length === 0) throw new Failure(`no counts; run: cargo ${args.join(' ')}`)
    for (const line of lines) {
      for (const [name, count] of Object.entries(JSON.parse(line.slice('reliability '.length)))) {
        counts[name] = (counts[name] ?? 0) + Number(count)
      }
    }
    return { counts, next: next + 1 }
  },
}
