// Sends back what it is sent, for the measurement of messages.

declare const self: DedicatedWorkerGlobalScope

self.onmessage = ({ data }) => self.postMessage(data)

export {}
