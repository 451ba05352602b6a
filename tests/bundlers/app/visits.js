import { collection, index } from 'entidb'

export const collections = { visits: collection({ indexes: [index('topic')] }) }

export const next = (before) => ({ id: 'visits', topic: 'visits', count: (before?.count ?? 0) + 1 })
