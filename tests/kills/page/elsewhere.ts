// Where a page that is navigated away from goes, and comes back from.
import { get } from './server.js'

await get('/return')
location.href = '/work.html'
