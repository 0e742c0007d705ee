/**
 * Bull Board at /queues: the jobs as BullMQ has them, to look at. Its own read-only mode hides what would change
 * something; that nothing can be changed is the guard's doing, which lets no other method than GET through.
 */
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import { Queue } from 'bullmq'
import type { FastifyInstance } from 'fastify'
import type { JobQueue } from '../worker/jobs.ts'

export const QUEUES_PATH = '/queues'

/** Its page brings scripts and inline styles of its own; nothing from elsewhere. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export interface QueuesPage {
  /** The queues are there only some time after the server. */
  show(queues: readonly JobQueue[]): void
}

export async function registerQueues(server: FastifyInstance): Promise<QueuesPage> {
  const serverAdapter = new FastifyAdapter()
  const board = createBullBoard({
    queues: [],
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: 'Jobs',
        hideRedisDetails: true,
        hideDocsLink: true,
        pollingInterval: { showSetting: true },
      },
    },
  })
  serverAdapter.setBasePath(QUEUES_PATH)
  await server.register(async (scope) => {
    scope.addHook('onRequest', async (_, reply) => {
      reply.header('content-security-policy', contentSecurityPolicy)
    })
    await scope.register(serverAdapter.registerPlugin(), { prefix: QUEUES_PATH })
  })
  return {
    show(queues) {
      board.replaceQueues(
        queues
          .filter((queue) => queue instanceof Queue)
          .map((queue) => new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false })),
      )
    },
  }
}
