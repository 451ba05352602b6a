import { Checksum } from '../data/checksum.js'
import { duration } from './measure.js'
import type { Workload } from './workload.js'

/** The module is loaded, the files are closed: from `open` to the first document. */
export const openWarm: Workload = {
  name: 'open-warm',
  title: 'open after a clean close, to the first get',
  unit: 'ms',
  onPages: true,
  async run(round) {
    const { id } = round.random.pick(round.orders)
    await round.store.close()
    const checksum = new Checksum()
    const value = await duration(async () => {
      round.store = await round.peer.open('strict')
      checksum.add(await round.store.get(id))
    })
    return { value, checksum: checksum.toString() }
  },
}
