// The application's own worker, with the database in it.
import { open } from 'entidb/sync'
import { collections, next } from './visits.js'

async function count() {
  const db = await open('worker', { collections })
  const [before] = db.visits.findBy('topic', 'visits')
  db.visits.put(next(before))
  return next(before).count
}

count().then(
  (visits) => self.postMessage(visits),
  (error) => self.postMessage(`${error.kind}: ${error.message}`),
)
