/** One real pass over the teammates of the model, which changes between its requests. */

import { AlloUnreachableError } from '../../src/allo/errors.ts'
import { parseQueueAnswer } from '../../src/allo/parse-queue.ts'
import type { AlloClient, QueueAnswer } from '../../src/allo/types.ts'
import type { runInProcess as RunInProcess, SyncDependencies } from '../../src/pass/run-in-process.ts'
import type { Pool } from '../../src/store/postgres/database.ts'
import { answerOf, type Model, type UserId, viewOf } from './model.ts'
import { ProcessStopped, type RewindablePool } from './rewindable-pool.ts'

/** What happens during a pass, or before it. */
export interface PassEvents {
  /** In the order of `before`. */
  readonly changes: readonly Change[]
  /** The process stops after so many writes; null: it does not. */
  readonly stopsAfter: number | null
}

export interface Change {
  /** The number of the request before which it happens, from 1; one more than there are: after the last one. */
  readonly before: number
  readonly what: string
  readonly model: Model
  /** The request gets no answer, whatever is tried. */
  readonly fails?: boolean
}

/** The model from an instant on, in microseconds since 1970 on the clock of Postgres. */
export interface Instant {
  readonly at: number
  readonly model: Model
}

export interface PassRun {
  readonly requests: number
  readonly writes: number
  /** With those before. */
  readonly timeline: readonly Instant[]
  /** Null: the process was stopped. */
  readonly status: 'ok' | 'partial' | 'failed' | null
}

export async function runOnePass(
  runInProcess: typeof RunInProcess,
  rewindable: RewindablePool,
  before: readonly Instant[],
  { changes, stopsAfter }: PassEvents,
): Promise<PassRun> {
  const timeline = [...before]
  let requests = 0
  const next = async (): Promise<Model> => {
    requests += 1
    const now = changes.filter(({ before }) => before === requests)
    for (const { model } of now) timeline.push({ at: await clockOf(rewindable), model })
    if (now.some(({ fails }) => fails)) throw noAnswer()
    return modelAt(timeline)
  }
  rewindable.restart(stopsAfter ?? undefined)
  const { status } = await runInProcess(dependencies(rewindable.pool, next), options).catch(
    (error: unknown) => {
      if (!isStop(error)) throw error
      return { status: null }
    },
  )
  const isStopped = stopsAfter !== null && rewindable.writes >= stopsAfter
  const { writes } = rewindable
  rewindable.restart()
  for (const change of changes) {
    if (change.before > requests) timeline.push({ at: await clockOf(rewindable), model: change.model })
  }
  return { requests, writes, timeline, status: isStopped ? null : status }
}

export function modelAt(timeline: readonly Instant[]): Model {
  const last = timeline.at(-1)
  if (last === undefined) throw new Error('a timeline begins with a model')
  return last.model
}

export async function clockOf({ pool }: { readonly pool: Pool }): Promise<number> {
  const { rows } = await pool.query<{ at: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000000)::float8 as at',
  )
  return rows[0]?.at ?? 0
}

function isStop(error: unknown): boolean {
  if (error instanceof ProcessStopped) return true
  return error instanceof Error && (error.message.includes('the process stopped') || isStop(error.cause))
}

/** Of a pass over everyone. */
export const options = {
  trigger: 'manual',
  users: [],
  only: [],
  except: [],
  includeBlocked: true,
  dryRun: false,
} as const

/** `next` is called before each request, and returns the model that answers it. */
export function dependencies(pool: Pool, next: () => Promise<Model>): SyncDependencies {
  return {
    pool,
    numberKeys: null,
    allo: clientOf(next),
    onLimit: () => undefined,
    scopes: [],
    pacer: { throttledMs: 0, forgetThrottling: () => undefined },
    // One connection has one transaction at a time.
    concurrency: () => 1,
    surprises: { take: () => [], renew: () => undefined },
    observer: { passStarted: () => undefined, teammateRead: () => undefined, warn: () => undefined },
    keyFingerprint: 'fingerprint',
    version: 'proof',
  }
}

function noAnswer(): AlloUnreachableError {
  const asked = { asked: 'request of the proof', requestId: null, code: 'ECONNRESET' }
  return new AlloUnreachableError({ ...asked, issue: 'the connection was closed', wayOut: '' })
}

/** Requests count from the list of teammates on. `next` is called before each, and returns the model that answers it. */
export function clientOf(next: () => Promise<Model>): AlloClient {
  const counts = { requests: 0, throttled: 0, exchangeMs: 0, bytes: 0 }
  return {
    counts,
    me: async () => ({
      apiKeyId: 'key',
      team: { id: 'team', name: 'Acme' },
      scopes: null,
      readsPerSecond: null,
    }),
    async listTeammates(status) {
      const listed = status === 'ACTIVE' ? (await next()).team : []
      return { teammates: listed.map(teammate), unusable: { count: 0, first: null } }
    },
    async readQueuePage(user, page, _signal, size) {
      counts.requests += 1
      return parse(await next(), user as UserId, { page, size })
    },
    readCall: () => Promise.reject(new Error('not used')),
    counted: () => clientOf(next),
    once: () => clientOf(next),
    close: async () => undefined,
  }
}

function teammate(userId: string) {
  return { userId, name: userId, email: null, role: 'MEMBER', status: 'ACTIVE', imageUrl: null, extra: null }
}

function parse(
  model: Model,
  user: UserId,
  { page, size }: { readonly page: number; readonly size: number | undefined },
): QueueAnswer {
  const body = answerOf(viewOf(model, user), user, page, { announcesTotal: true, size })
  if (body === null) return { kind: 'not_found', requestId: null }
  const context = { asked: 'queue', requestId: null, naiveTimeZone: 'UTC', onSurprise: () => undefined }
  return parseQueueAnswer(body, page, context)
}
