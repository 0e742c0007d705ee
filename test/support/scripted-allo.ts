/** An Allo that answers what a test puts here, however wrong, for responses that the simulated Allo can't give. */
import { once } from 'node:events'
import { createServer } from 'node:http'

export interface ScriptedAllo {
  readonly url: string
  /** `data` of /v2/api/me. */
  me: unknown
  /** Rows of the list of active teammates. No teammate is blocked. */
  users: unknown[]
  /** By teammate; null: no queue. */
  readonly queues: Map<string, ScriptedQueue | null>
  close(): Promise<void>
}

export interface ScriptedQueue {
  readonly id: string
  readonly numbers: readonly object[]
}

export async function startScriptedAllo(): Promise<ScriptedAllo> {
  const answer = (url: URL): unknown => {
    if (url.pathname.endsWith('/me')) return { data: allo.me }
    if (url.pathname.endsWith('/users')) {
      return { data: url.searchParams.get('status') === 'BLOCKED' ? [] : allo.users }
    }
    const userId = url.searchParams.get('user_id') ?? ''
    const queue = allo.queues.get(userId) ?? null
    if (queue === null) return { data: [] }
    return {
      data: queue.numbers.map((fields, position) => ({ position, ...fields })),
      pagination: { page: 1, has_more: false, total_count: queue.numbers.length },
      queue: { id: queue.id, assignee_id: userId },
    }
  }
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer(new URL(request.url ?? '/', 'http://scripted.example'))))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const allo: ScriptedAllo = {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    me: { team: { id: 'team-1', name: 'Acme' } },
    users: [],
    queues: new Map(),
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
  return allo
}
