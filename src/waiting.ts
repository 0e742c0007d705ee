/** What the process waits for at this moment, so that it can name it when it has to end without it. */

const waits = new Set<{ readonly what: string }>()

/** `what` follows "waiting for", and holds no secret and no phone number. */
export async function waitingFor<T>(what: string, work: () => Promise<T>): Promise<T> {
  const wait = { what }
  waits.add(wait)
  try {
    return await work()
  } finally {
    waits.delete(wait)
  }
}

/** The longest wait; null: none is known. */
export function longestWait(): string | null {
  const [first] = waits
  return first?.what ?? null
}
