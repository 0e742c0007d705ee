/** Whether Allo accepted the key at the last request of this process, for `/readyz`. */
import { isRefusal } from '../pass/failure.ts'

export interface Credentials {
  /** Null: not tried yet. */
  readonly verdict: { readonly isRefused: boolean; readonly reason: string | null; readonly at: Date } | null
  accepted(): void
  /** Only a refusal of the key counts. */
  failed(error: unknown): void
}

/** `onChange` is called when the key is first refused, with the reason, and with null when it is accepted again. */
export function trackCredentials(onChange: (reason: string | null) => void): Credentials {
  let verdict: Credentials['verdict'] = null
  const found = (isRefused: boolean, reason: string | null) => {
    const wasRefused = verdict?.isRefused ?? false
    verdict = { isRefused, reason, at: new Date() }
    if (isRefused !== wasRefused) onChange(reason)
  }
  return {
    get verdict() {
      return verdict
    },
    accepted: () => found(false, null),
    failed(error) {
      if (isRefusal(error)) found(true, error.message)
    },
  }
}
