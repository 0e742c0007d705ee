/** Waits that are named, so that a process that ends without their end can say what it waited for, and waits that are bounded. */
import pTimeout from 'p-timeout'

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

/** Rejects if the work takes longer. The work itself continues, and its result is dropped. */
export function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return pTimeout(work, { milliseconds: ms, message: `no answer within ${ms} ms` })
}
