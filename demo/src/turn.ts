// Lets the page have its turn in the middle of something long.

const { port1, port2 } = new MessageChannel()
port1.start()

/** Resolves once whoever types, scrolls or waits for a frame had their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    port1.addEventListener('message', () => resolve(), { once: true })
    port2.postMessage(undefined)
  })
}
