/**
 * The part of the standard `fetch` that is used here, so that the one of Node, of undici and of other implementations
 * can be given, whatever types a project has. It must honour `redirect` and `signal`, and send what it is given.
 */
export type Fetch = (
  url: string,
  init: {
    readonly method: 'GET'
    readonly headers: Record<string, string>
    readonly redirect: 'manual'
    readonly signal: AbortSignal
  },
) => Promise<FetchResponse>

export interface FetchResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  /** Null: no body. */
  readonly body: { getReader(): BodyReader } | null
}

export interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
  cancel(): Promise<void>
}
