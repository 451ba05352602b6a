// What an application does: it counts visits, once in the page and once in a worker of its own.
import { open } from 'entidb'
import { collections, next } from './visits.js'

async function inPage() {
  const db = await open('page', { collections })
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
  const [page, worker] = await Promise.all([inPage(), inWorker()])
  document.body.textContent = `page ${page}, worker ${worker}`
} catch (error) {
  document.body.textContent = `${error.kind}: ${error.message}`
}
