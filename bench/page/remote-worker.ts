// The worker of a peer that a page uses: does what it is sent, one call after the other.
import { createPeer } from '../peers/index.js'
import type { PeerName } from '../peers/names.js'
import type { Peer, Store } from '../peers/peer.js'
import type { Call } from '../peers/remote.js'

declare const self: DedicatedWorkerGlobalScope

type Methods = Record<string, (...args: readonly unknown[]) => unknown>

const peer: Promise<Peer> = createPeer(self.name as PeerName)
let store: Store | undefined
let last: Promise<unknown> = Promise.resolve()

self.onmessage = ({ data }: MessageEvent<Call>) => {
  last = last.then(async () => {
    try {
      self.postMessage({ id: data.id, value: await answer(data) })
    } catch (error) {
      self.postMessage({ id: data.id, error: String(error) })
    }
  })
}

async function answer({ of, method, args }: Call): Promise<unknown> {
  const target = (of === 'peer' ? await peer : store) as unknown as Methods
  const value = await target[method]?.(...args)
  if (method !== 'open') return value
  store = value as Store
  return undefined
}
