import type { EndingName } from './endings.js'
import type { Found } from './oracle/oracle.js'
import type { Work } from './shared/protocol.js'

/** What was tried, and how much of it. */
export class Tally {
  readonly counts = {
    rounds: 0,
    databases: 0,
    acknowledgedWrites: 0,
    unacknowledgedWritesFoundWhole: 0,
    endedInImport: 0,
    endedInCompaction: 0,
    endedInIndexBuild: 0,
  }
  /** Rounds by browser, storage and ending. */
  readonly cells: Record<string, number> = {}

  round(cell: string, ending: EndingName, { acknowledged, unacknowledged }: Found): void {
    const label = `${cell}, ${ending}`
    this.cells[label] = (this.cells[label] ?? 0) + 1
    this.counts.rounds += 1
    this.counts.acknowledgedWrites += acknowledged
    this.counts.unacknowledgedWritesFoundWhole += unacknowledged
  }

  /** Notes whether an ending comes into a long call. */
  moment(work: Work, inside: boolean): void {
    if (!inside) return
    if (work === 'import') this.counts.endedInImport += 1
    if (work === 'compaction') this.counts.endedInCompaction += 1
    if (work === 'index') this.counts.endedInIndexBuild += 1
  }
}
