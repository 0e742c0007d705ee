/** How to reach Allo. */
export interface AlloAccess {
  /** With the scopes USERS_READ and DIALING_QUEUE_READ_WRITE. */
  readonly apiKey: string
  /** Default: https://api.withallo.com. Plain http is for this machine only. */
  readonly baseUrl?: string | undefined
  /** 0.1 to 1000. Default: 18, which is 90 % of Allo's limit. `unlimited` is for a simulated Allo. */
  readonly readsPerSecond?: number | 'unlimited' | undefined
}
