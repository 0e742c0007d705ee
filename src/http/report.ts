/**
 * /report and its CSVs, for the worker's team only. One page and one CSV at a time, so that many requests leave a
 * database connection to the probes.
 */
import { finished } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { mask } from '../logger.ts'
import { contentSecurityPolicy } from '../page/style.ts'
import { openCsv } from '../report/csv.ts'
import { type CsvViewName, csvViews, isCsvView } from '../report/csv-views.ts'
import {
  FilterError,
  type Filters,
  filterNames,
  noPeriod,
  periodFilters,
  readFilters,
  readReportFilters,
  readWords,
  toQuery,
} from '../report/filters.ts'
import { reportPage } from '../report/page/page.ts'
import type { Links } from '../report/page/parts.ts'
import { reportPolicy } from '../report/page/style.ts'
import { teammatesPage } from '../report/page/teammates-page.ts'
import { takeReport } from '../report/report.ts'
import { findTeammates } from '../report/teammate-search.ts'
import { reportVersion } from '../report/version.ts'
import { DatabaseError, type Pool } from '../store/postgres/database.ts'
import { teamOnRecord } from '../store/queries/status.ts'
import type { WorkerState } from '../worker/worker-state.ts'
import { createOneAtATime, TooManyError } from './one-at-a-time.ts'
import { waitingPage } from './page.ts'

export interface ReportSettings {
  readonly state: WorkerState
  readonly keyFingerprint: string
  readonly version: string
  readonly secrets: () => readonly string[]
}

const PAGE_TIMEOUT_MS = 10_000
const CSV_TIMEOUT_MS = 60_000
/** As long as it is taken, it holds back what the database may clean up. */
const CSV_DEADLINE_MS = 10 * 60_000
const MOST_WAITING = 40

export async function registerReport(server: FastifyInstance, settings: ReportSettings): Promise<void> {
  await server.register(async (scope) => {
    scope.setErrorHandler((error, _, reply) => refuse(reply, error))
    registerPage(scope, settings)
    registerTeammates(scope, settings)
    registerCsv(scope, settings)
  })
}

function registerPage(server: FastifyInstance, settings: ReportSettings): void {
  const takeTurn = createOneAtATime(MOST_WAITING)
  server.get<{ Querystring: Record<string, unknown> }>('/report', async (request, reply) => {
    const filters = readReportFilters(request.query)
    reply.type('text/html; charset=utf-8')
    const source = await sourceOf(settings)
    if (source === null) {
      reply.header('content-security-policy', contentSecurityPolicy).code(503)
      return waitingPage(waitingFor(settings), settings.version)
    }
    const etag = await reportVersion(source.pool, source.teamId, settings.version)
    if (request.headers['if-none-match'] === etag) return reply.header('etag', etag).code(304).send()
    const endTurn = await takeTurn()
    try {
      const report = await takeReport(source.pool, {
        teamId: source.teamId,
        filters,
        statementTimeoutMs: PAGE_TIMEOUT_MS,
      })
      reply.header('content-security-policy', reportPolicy).header('etag', etag)
      return reportPage(report, { links: linksFrom(filters), version: settings.version, etag })
    } finally {
      endTurn()
    }
  })
}

/** The search for teammates. It is cheap, so it does not wait for its turn. */
function registerTeammates(server: FastifyInstance, settings: ReportSettings): void {
  server.get<{ Querystring: Record<string, unknown> }>('/report/teammates', async (request, reply) => {
    const { q, starts, ...rest } = request.query
    const filters = readFilters(rest, periodFilters)
    const asked = { query: readWords('q', q), starts: readWords('starts', starts) ?? '' }
    reply.type('text/html; charset=utf-8')
    const source = await sourceOf(settings)
    if (source === null) {
      reply.header('content-security-policy', contentSecurityPolicy).code(503)
      return waitingPage(waitingFor(settings), settings.version)
    }
    const { pool, teamId, teamName: team } = source
    const found = await findTeammates(pool, { teamId, ...asked, statementTimeoutMs: PAGE_TIMEOUT_MS })
    reply.header('content-security-policy', reportPolicy)
    const { version } = settings
    return teammatesPage({
      team,
      ...asked,
      period: filters,
      found,
      links: linksFrom(filters, '../'),
      version,
    })
  })
}

function registerCsv(server: FastifyInstance, settings: ReportSettings): void {
  const takeTurn = createOneAtATime(MOST_WAITING)
  server.get<{ Querystring: Record<string, unknown>; Params: { file: string } }>(
    '/report/:file',
    async (request, reply) => {
      const [, view = ''] = /^(\w+)\.csv$/.exec(request.params.file) ?? []
      if (!isCsvView(view)) {
        const names = Object.keys(csvViews).map((name) => `${name}.csv`)
        return reply.code(404).send(`There is no such report. There are: ${names.join(', ')}.\n`)
      }
      const asked = readFilters(request.query, csvViews[view].filters)
      const source = await sourceOf(settings)
      if (source === null) return reply.code(503).send(`Waiting for ${waitingFor(settings)}.\n`)
      const endTurn = await takeTurn()
      try {
        const csv = await openCsv(source.pool, {
          view,
          teamId: source.teamId,
          asked,
          firstRowsTimeoutMs: CSV_TIMEOUT_MS,
          deadlineMs: CSV_DEADLINE_MS,
          mask: (text) => mask(text, settings.secrets()),
        })
        finished(csv, endTurn)
        return reply
          .type('text/csv; charset=utf-8; header=present')
          .header('content-disposition', `attachment; filename="${view}.csv"`)
          .send(csv)
      } catch (error) {
        endTurn()
        throw error
      }
    },
  )
}

export interface Source {
  readonly pool: Pool
  readonly teamId: string
  readonly teamName: string
}

/** Null: there is no database yet, or it knows nothing of the team of this key. */
export async function sourceOf({ state, keyFingerprint }: ReportSettings): Promise<Source | null> {
  const pool = state.database?.pool
  const team = pool === undefined ? null : await teamOnRecord(pool, keyFingerprint)
  return pool === undefined || team === null
    ? null
    : { pool, teamId: team.teamId, teamName: team.name ?? team.teamId }
}

export function waitingFor({ state }: ReportSettings): string {
  return state.database === null ? state.waitingFor : 'the first pass'
}

/** Relative to /report, or to a page below it, wherever a proxy has put it. */
function linksFrom(filters: Filters, base: '' | '../' = ''): Links {
  return {
    status: './',
    page: (changes) => `${base}report${toQuery({ ...filters, ...changes }, filterNames)}`,
    csv: (view: CsvViewName, period = noPeriod, narrower = {}) => {
      const asked = { ...filters, ...period, ...narrower }
      return `${base}report/${view}.csv${toQuery(asked, csvViews[view].filters)}`
    },
    teammates: (starts) => {
      const query = new URLSearchParams(toQuery(filters, periodFilters))
      if (starts !== undefined) query.set('starts', starts)
      return `${base}report/teammates${query.size === 0 ? '' : `?${query}`}`
    },
  }
}

export function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  reply.type('text/plain; charset=utf-8')
  if (error instanceof FilterError) return reply.code(400).send(`${error.message}\n`)
  if (error instanceof TooManyError)
    return reply.code(503).header('retry-after', '5').send(`${error.message}\n`)
  if (error instanceof DatabaseError && error.sqlState === '57014') {
    return reply.code(503).send('This took too long: ask for fewer days, or for one teammate.\n')
  }
  throw error
}
