// A million documents, or as many as SCALE_DOCUMENTS says: what loading, compacting, reading and
// opening them takes. Prints its figures; what depends on the speed of a machine is not asserted.
import { mkdir, writeFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { inRoot } from '../../scripts/lib/paths.mjs'
import { say } from '../../scripts/lib/run.mjs'
import { kill, launch } from '../harness/browser.js'
import { callSuite, expect, openPage, test } from '../harness/fixtures.js'
import type { Reply, Request } from '../suite/scale-worker.js'

const DOCUMENTS = Number(process.env.SCALE_DOCUMENTS ?? 1_000_000)
const PARTS = 20
const BATCH = 100
const GETS = 20_000
const PUTS = 1_000
const MB = 2 ** 20
const MEMORY_MAX = 64 * MB
const KILLS = 3

const name = 'scale'
const figures: Record<string, string | number> = { documents: DOCUMENTS }

const ask = (page: Page, request: Request) =>
  callSuite<Request, Reply>(page, 'scale', 'ask', request)

function note(what: string, value: string | number): void {
  figures[what] = value
  say(`${what}: ${value}`)
}

const megabytes = (bytes: number) => `${(bytes / MB).toFixed(1)} MB`
const each = (count: number, times: number) => (count / times).toFixed(4)

async function load(page: Page): Promise<void> {
  let ms = 0
  let written = 0
  let last: Reply | undefined
  for (let part = 0; part < PARTS; part++) {
    const [from, to] = [part, part + 1].map((at) => Math.round((DOCUMENTS * at) / PARTS))
    last = await ask(page, { do: 'load', from: Number(from), to: Number(to), batch: BATCH })
    ms += last.ms
    written += last.bytesWritten
    say(`  ${to} documents, memory ${megabytes(last.memory)}`)
  }
  const rest = await ask(page, { do: 'rest' })
  written += rest.bytesWritten
  note('load, us a document', ((ms * 1000) / DOCUMENTS).toFixed(1))
  note('memory after the load', megabytes(rest.memory))
  note('stored', megabytes(rest.storedBytes))
  note('written', megabytes(written))
  note('rewriting, times what is stored', (written / rest.storedBytes).toFixed(1))
  expect(rest.memory).toBeLessThan(MEMORY_MAX)
  expect(written / rest.storedBytes).toBeLessThanOrEqual(12)
}

async function read(page: Page, when: string): Promise<void> {
  const present: Request = { do: 'get', from: 0, to: DOCUMENTS, times: GETS }
  await ask(page, present)
  const warm = await ask(page, present)
  const absent = await ask(page, { ...present, from: 2 * DOCUMENTS, to: 3 * DOCUMENTS })
  note(`get ${when}, reads`, each(warm.reads, GETS))
  note(`get ${when}, us`, ((warm.ms * 1000) / GETS).toFixed(1))
  note(`absent get ${when}, reads`, each(absent.reads, GETS))
  note(`memory after reads ${when}`, megabytes(absent.memory))
  expect(warm.reads / GETS).toBeLessThanOrEqual(1)
  expect(absent.reads / GETS).toBeLessThanOrEqual(0.02)
  expect(absent.memory).toBeLessThan(MEMORY_MAX)
}

async function put(page: Page): Promise<void> {
  await ask(page, { do: 'close' })
  await ask(page, { do: 'open', name, durability: 'strict' })
  await ask(page, { do: 'put', from: DOCUMENTS, to: DOCUMENTS + 1 })
  await ask(page, { do: 'rest' })
  const puts = await ask(page, { do: 'put', from: DOCUMENTS + 1, to: DOCUMENTS + 1 + PUTS })
  note('strict put, writes', each(puts.writes, PUTS))
  note('strict put, flushes', each(puts.flushes, PUTS))
  note('strict put, bytes written', each(puts.bytesWritten, PUTS))
  note('strict put, ms', (puts.ms / PUTS).toFixed(2))
}

test('a million documents', async ({ profile, origin }) => {
  test.setTimeout(4 * 3_600_000)
  let context = await launch(profile, origin)
  let page = await openPage(context)
  await ask(page, { do: 'open', name, durability: 'relaxed' })
  await load(page)
  await read(page, 'after the load')
  const compaction = await ask(page, { do: 'compact' })
  note('compaction, s', (compaction.ms / 1000).toFixed(1))
  note('memory after the compaction', megabytes(compaction.memory))
  expect(compaction.memory).toBeLessThan(MEMORY_MAX)
  await read(page, 'after the compaction')
  await put(page)
  await ask(page, { do: 'close' })
  const again = await ask(page, { do: 'open', name, durability: 'relaxed' })
  note('open after a close, same worker, ms', again.ms.toFixed(0))
  await ask(page, { do: 'close' })
  await context.close()

  context = await launch(profile, origin)
  page = await openPage(context)
  const closed = await ask(page, { do: 'open', name, durability: 'relaxed' })
  note('open after a close, new browser, ms', closed.ms.toFixed(0))
  let documents = closed.documents
  expect(documents).toBe(DOCUMENTS + 1 + PUTS)
  for (let round = 0; round < KILLS; round++) {
    // Each time the logs have grown by another share of what they hold at most.
    const to = documents + 4_000 * (round + 1)
    const { logBytes } = await ask(page, { do: 'load', from: documents, to, batch: BATCH })
    documents = to
    await kill(profile)
    context = await launch(profile, origin)
    page = await openPage(context)
    const killed = await ask(page, { do: 'open', name, durability: 'relaxed' })
    note(`open after a kill with ${megabytes(logBytes)} in the log, ms`, killed.ms.toFixed(0))
    expect(killed.documents).toBe(documents)
    expect(killed.memory).toBeLessThan(MEMORY_MAX)
  }
  await context.close()
  await mkdir(inRoot('build'), { recursive: true })
  await writeFile(inRoot('build', 'scale.json'), `${JSON.stringify(figures, undefined, 2)}\n`)
})
