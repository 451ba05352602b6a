import { QueryVerbs } from '../query.js'
import { Wait } from '../routine.js'

/** A query whose documents are there at once. */
export class DirectQuery extends QueryVerbs {
  *[Symbol.iterator](): Generator<unknown, void, undefined> {
    for (const item of this.items(false)) {
      if (item instanceof Wait) throw item.refuse()
      yield item
    }
  }
}
