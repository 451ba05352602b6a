// All planted bugs: places where one sentence of engine/DESIGN.md is broken on purpose, to show
// that the tests of the engine can fail. A change of the engine that moves such a place changes
// its entry here.
import { commitBugs } from './commits.mjs'
import { logBugs } from './logs.mjs'
import { roomBugs } from './room.mjs'
import { rootBugs } from './roots.mjs'
import { segmentBugs } from './segments.mjs'
import { waitBugs } from './waits.mjs'

export const bugs = [
  ...logBugs,
  ...rootBugs,
  ...segmentBugs,
  ...commitBugs,
  ...roomBugs,
  ...waitBugs,
]
