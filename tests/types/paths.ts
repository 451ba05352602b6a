/** What paths and the values at them are inferred to be; checked by the compiler alone. */

import type {
  AnyDocument,
  Bounds,
  IndexDeclaration,
  KeyAt,
  KeysAt,
  Path,
  TupleBounds,
} from '../../js/types.js'
import { type Equal, expectType } from './equal.js'

interface Task {
  id: string
  projectId: string
  notes?: string
  tags: string[]
  due: Date
  state: 'open' | 'done'
  size: bigint | null
  owner?: { name: string; address: { city: string } | null }
  items: { sku: string; sizes: number[]; parts: { no: number }[] }[]
  'with.dot': number
}

expectType<
  Equal<
    Path<Task>,
    | 'id'
    | 'projectId'
    | 'notes'
    | 'tags'
    | 'due'
    | 'state'
    | 'size'
    | 'owner'
    | 'owner.name'
    | 'owner.address'
    | 'owner.address.city'
    | 'items'
    | 'items.sku'
    | 'items.sizes'
    | 'items.parts'
  >
>()

interface Tree {
  id: number
  label: string
  parent?: Tree
  children: Tree[]
}

type TreePath = Path<Tree>
const four: TreePath = 'parent.parent.parent.label'
const crossing: TreePath = 'parent.children.label'
// @ts-expect-error five levels are too many
const five: TreePath = 'parent.parent.parent.parent.label'
// @ts-expect-error a path crosses one array at most
const twice: TreePath = 'children.children.label'
export const treePaths = [four, crossing, five, twice]

expectType<Equal<KeyAt<Task, 'projectId'>, string>>()
expectType<Equal<KeyAt<Task, 'notes'>, string>>()
expectType<Equal<KeyAt<Task, 'due'>, Date>>()
expectType<Equal<KeyAt<Task, 'state'>, 'open' | 'done'>>()
expectType<Equal<KeyAt<Task, 'size'>, bigint | null>>()
expectType<Equal<KeyAt<Task, 'owner.name'>, string>>()
expectType<Equal<KeyAt<Task, 'owner.address.city'>, string>>()
expectType<Equal<KeyAt<Task, 'owner'>, never>>()
expectType<Equal<KeyAt<Task, 'tags'>, string | readonly string[]>>()
expectType<Equal<KeyAt<Task, 'items.sku'>, string>>()
expectType<Equal<KeyAt<Task, 'items.sizes'>, number | readonly number[]>>()
expectType<Equal<KeyAt<Tree, 'parent.children.label'>, string>>()
expectType<Equal<KeysAt<Task, ['projectId', 'due']>, readonly [string, Date]>>()

/** A union of documents has the paths of each of them. */
type Shape = { id: string; kind: 'circle'; r: number } | { id: string; kind: 'box'; w: number }
expectType<Equal<Path<Shape>, 'id' | 'kind' | 'r' | 'w'>>()
expectType<Equal<KeyAt<Shape, 'kind'>, 'circle' | 'box'>>()
expectType<Equal<KeyAt<Shape, 'r'>, number>>()

/** Nothing is known of an undeclared collection, so any path and any scalar will do. */
export const loose: IndexDeclaration<Path<AnyDocument>>['paths'] = ['whatever', 'a.b.c']
export const anyKey: KeyAt<AnyDocument, 'whatever'> = 5n

export const dates: Bounds<Date>[] = [{ gte: new Date(), lt: new Date() }, {}]
// @ts-expect-error only strings have a prefix
export const datePrefix: Bounds<Date> = { prefix: 'a' }
export const prefix: Bounds<string> = { prefix: 'a' }

type Three = TupleBounds<readonly [string, Date, number]>
export const tuples: Three[] = [
  { gte: ['p'], lt: ['p', new Date()] },
  { prefix: ['p'], gte: new Date() },
  { prefix: ['p'], gte: [new Date(), 5] },
  { prefix: ['p', new Date()], gt: 5, lte: [7] },
  { prefix: ['p', new Date(), 7] },
]
// @ts-expect-error the field after the prefix is a date
export const wrongBare: Three = { prefix: ['p'], gte: 5 }
// @ts-expect-error a bare end needs a prefix
export const bare: Three = { gte: 'p' }
// @ts-expect-error tuples lead
export const inner: Three = { gte: [new Date()] }
// @ts-expect-error there are three fields
export const long: Three = { gte: ['p', new Date(), 5, 6] }
