// The page that works: it opens the database, shows what is in it, and writes until something ends
// it. What it is told to do to itself comes from the server.
import type { Command, Failed, Orders, Plan } from '../shared/protocol.js'
import { type Db, openDatabase, stateOf } from './database.js'
import { get, post } from './server.js'
import { Working } from './writing.js'

/** The workers of the package, which it keeps to itself. */
const workers: Worker[] = []
globalThis.Worker = class extends Worker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args)
    workers.push(this)
  }
}

/** Never, for a page that is about to be no more. */
const never = new Promise<never>(() => {})

/** One opening, up to the command that ends it; resolves where the same page is to open again. */
async function live(plan: Plan): Promise<void> {
  let ended = false
  let working: Working | undefined
  let db: Db | undefined
  const fail = (error: unknown): Promise<unknown> => {
    // The ending was asked for: what it broke is as it must be.
    return ended ? never : post('/failed', { load: plan.load, message: told(error) } as Failed)
  }
  const work = async () => {
    const start = performance.now()
    db = await openDatabase(plan)
    working = new Working(db, plan)
    if (plan.storm) return working.visit()
    const state = await stateOf(db, plan, performance.now() - start)
    await working.run(await post<Orders>('/state', state))
  }
  const done = work().catch(fail)
  const command = await get<Command>(`/command?load=${plan.load}`)
  ended = command.do !== 'reopen'
  if (command.do === 'reload') {
    location.reload()
    await never
  } else if (command.do === 'navigate') {
    location.href = '/elsewhere.html'
    await never
  } else if (command.do === 'close') {
    close()
    await never
  } else if (command.do === 'terminate') {
    for (const worker of workers.splice(0)) worker.terminate()
  } else {
    working?.stop()
    await done
    await db?.close().catch(fail)
  }
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const kind = 'kind' in error ? `${error.kind}: ` : ''
  const cause = error.cause === undefined ? '' : `; because of ${told(error.cause)}`
  return `${kind}${error.message}${cause}\n${error.stack}`
}

for (;;) await live(await get<Plan>('/plan'))
