/** Whether Allo accepts the key: what `/readyz` says, and why. */
import { isRefusal } from '../pass/failure.ts'

export interface Credentials {
  /** Null: accepted, or not tried yet. */
  readonly refusal: string | null
  accepted(): void
  /** Only a refusal of the key counts. */
  failed(error: unknown): void
}

export function trackCredentials(): Credentials {
  let refusal: string | null = null
  return {
    get refusal() {
      return refusal
    },
    accepted() {
      refusal = null
    },
    failed(error) {
      if (isRefusal(error)) refusal = error.message
    },
  }
}
