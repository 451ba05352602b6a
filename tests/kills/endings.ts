// The ways in which a page, its worker or its browser comes to an end in the middle of its work.
import type { Random } from '../shared/random.js'
import type { Stage } from './stage.js'

/** Ends what is there, and leaves the next page opening the database. */
export type Ending = (stage: Stage, random: Random) => Promise<void>

const RELOADS_MAX = 8
/** In a storm, how long a page has at most until it is reloaded. */
const STORM_MS_MAX = 150
const FREEZE_MS_MAX = 400
/** One stop of so many lasts long enough for timers and locks to run out meanwhile. */
const LONG_FREEZE_ONE_OF = 8
const LONG_FREEZE_MS = 30_000

/** Every ending, by the words of the report. */
export const endings = {
  'SIGKILL of the browser': async (stage) => {
    await stage.browser.kill()
    stage.begin()
    await stage.start()
  },
  'SIGKILL of the renderer': async (stage) => {
    await stage.browser.endRenderer('SIGKILL')
    stage.begin()
    await stage.openPage()
  },
  'crash of the renderer': async (stage) => {
    await stage.browser.crashRenderer()
    stage.begin()
    await stage.openPage()
  },
  'end of the worker': (stage) => stage.command('terminate'),
  'close of the page': async (stage) => {
    await stage.closePage()
    await stage.openPage()
  },
  reload: (stage) => stage.command('reload'),
  'storm of reloads': async (stage, random) => {
    await stage.command('reload', true)
    const reloads = 1 + random.below(RELOADS_MAX)
    for (let left = reloads; left > 0; left--) {
      await stage.planGiven()
      await pass(random.unit() * STORM_MS_MAX)
      await stage.command('reload', left > 1)
    }
  },
  'navigation away': async (stage) => {
    await stage.command('navigate')
    await stage.talk.comeBack()
  },
  'stop and go on': async (stage, random) => {
    const { talk, browser } = stage
    browser.freeze()
    const isLong = random.below(LONG_FREEZE_ONE_OF) === 0
    await pass(isLong ? LONG_FREEZE_MS : random.unit() * FREEZE_MS_MAX)
    browser.thaw()
    const before = talk.acks
    await talk.until('writes after a stop', () => talk.acks >= before + 3)
    await stage.command('reopen')
  },
} satisfies Record<string, Ending>

export type EndingName = keyof typeof endings

/** Lets time go by, as part of a moment that chance has chosen: nothing depends on it. */
export const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
