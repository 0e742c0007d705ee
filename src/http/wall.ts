/** /wall, if HTTP_WALL is true: today's figures of the worker's team on one screen. One query at a time. */
import type { FastifyInstance } from 'fastify'
import { contentSecurityPolicy } from '../page/style.ts'
import { readFilters } from '../report/filters.ts'
import { wallPage } from '../report/page/wall.ts'
import { wallPolicy } from '../report/page/wall-style.ts'
import { reportVersion } from '../report/version.ts'
import { takeWall } from '../report/wall.ts'
import { createOneAtATime } from './one-at-a-time.ts'
import { waitingPage } from './page.ts'
import { type ReportSettings, refuse, sourceOf, waitingFor } from './report.ts'

const TIMEOUT_MS = 5000
const MOST_WAITING = 20

export function registerWall(server: FastifyInstance, settings: ReportSettings): void {
  const takeTurn = createOneAtATime(MOST_WAITING)
  const { version } = settings
  server.get<{ Querystring: Record<string, unknown> }>(
    '/wall',
    { errorHandler: (error, _, reply) => refuse(reply, error) },
    async (request, reply) => {
      readFilters(request.query, [])
      reply.type('text/html; charset=utf-8')
      const source = await sourceOf(settings)
      if (source === null) {
        reply.header('content-security-policy', contentSecurityPolicy).code(503)
        return waitingPage(waitingFor(settings), version)
      }
      const { pool, teamId, teamName: team } = source
      const etag = await reportVersion(pool, teamId, version)
      if (request.headers['if-none-match'] === etag) return reply.header('etag', etag).code(304).send()
      const endTurn = await takeTurn()
      try {
        const wall = await takeWall(pool, { teamId, statementTimeoutMs: TIMEOUT_MS })
        reply.header('content-security-policy', wallPolicy).header('etag', etag)
        return wallPage({ team, wall, version, etag })
      } finally {
        endTurn()
      }
    },
  )
}
