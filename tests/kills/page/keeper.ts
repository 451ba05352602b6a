// The first page of a browser that nobody drives: it opens the pages that work. It has nothing to
// do with them otherwise, so that it lives on when their process ends.
import type { KeeperCommand } from '../shared/protocol.js'
import { get } from './server.js'

for (;;) {
  const command = await get<KeeperCommand>(`/keep${location.search}`)
  open(command.open, '_blank', 'noopener')
}
