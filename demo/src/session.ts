// One open database, and what the parts of the page share about it.
import type { CallLog } from './calls.js'
import type { City, CityDatabase } from './schema.js'
import type { Notices } from './views/notices.js'

type Listener = () => void

/** What every part of the page is given. */
export class Session {
  readonly db: CityDatabase
  readonly calls: CallLog
  readonly notices: Notices
  private readonly changeListeners = new Set<Listener>()
  private readonly selectListeners = new Set<(city: City | undefined) => void>()

  constructor(db: CityDatabase, calls: CallLog, notices: Notices) {
    this.db = db
    this.calls = calls
    this.notices = notices
  }

  /** Calls `listener` after every write. */
  onChange(listener: Listener): void {
    this.changeListeners.add(listener)
  }

  /** To be called after a write. */
  changed(): void {
    for (const listener of this.changeListeners) listener()
  }

  /** Calls `listener` whenever another city, or none, is looked at. */
  onSelect(listener: (city: City | undefined) => void): void {
    this.selectListeners.add(listener)
  }

  /** Shows a city, or none. */
  select(city: City | undefined): void {
    for (const listener of this.selectListeners) listener(city)
  }

  /** Does something that was asked for; what goes wrong is shown, with the way to try again. */
  async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.notices.fail(error, () => this.attempt(work))
    }
  }
}
