// What an application does: it counts visits, in each storage that the page has and in a worker of its own.
import { open } from 'entidb'
import { collections, next } from './visits.js'

async function inPage(storage) {
  const db = await open(storage, { collections, storage })
  const [before] = await db.visits.findBy('topic', 'visits').toArray()
  await db.visits.put(next(before))
  return next(before).count
}

function inWorker() {
  const worker = new Worker(new URL('./counter.js', import.meta.url), { type: 'module' })
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = ({ message }) => reject(new Error(message))
  })
}

try {
  const counts = await Promise.all([inPage('opfs'), inPage('indexeddb'), inWorker()])
  document.body.textContent = `opfs ${counts[0]}, indexeddb ${counts[1]}, worker ${counts[2]}`
} catch (error) {
  document.body.textContent = `${error.kind}: ${error.message}`
}
