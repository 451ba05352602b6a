// What pages and the server say to each other; `shared/protocol.ts` says what.

/** Asks, and waits for as long as the server has no answer. */
export async function get<Answer>(path: string): Promise<Answer> {
  return answerOf(await fetch(path))
}

export async function post<Answer>(path: string, message: unknown): Promise<Answer> {
  return answerOf(await fetch(path, { method: 'POST', body: JSON.stringify(message) }))
}

async function answerOf(response: Response) {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`)
  return response.json()
}
