/**
 * `demo`: shows the product without a key. It starts a simulated Allo and a temporary Postgres, runs passes over queues
 * that change, shows the recorded history, and runs the worker every two seconds. It ignores the user's configuration
 * and removes its folder at the end.
 */
import { randomBytes } from 'node:crypto'
import { styleText } from 'node:util'
import { eq, sql } from 'drizzle-orm'
import { type ConfigWithKey, loadConfig } from '../../config/config.ts'
import { type ExitCode, exitCodes, InterruptedError } from '../../errors.ts'
import { createLogger } from '../../logger.ts'
import type { SyncResult } from '../../pass/run-in-process.ts'
import { openNumberKeys } from '../../personal-data/open-number-keys.ts'
import { createRandom } from '../../simulation/random.ts'
import { type Rep, startRep } from '../../simulation/reps.ts'
import { startSimulatedAllo } from '../../simulation/server.ts'
import { callsInOrder } from '../../simulation/timed-calls.ts'
import type { World } from '../../simulation/world.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import { migrateDatabase } from '../../store/migrate/migrate.ts'
import { openReadBudget } from '../../store/pass/read-budget.ts'
import type { Pool } from '../../store/postgres/database.ts'
import { anyOf, orm } from '../../store/postgres/query.ts'
import { queues, syncReads, teammates } from '../../store/schema.ts'
import { untilAborted, withInterruption } from '../../terminal/interruption.ts'
import { createProgress, type Progress } from '../../terminal/progress.ts'
import { withAllo } from '../open/allo.ts'
import { withDatabase } from '../open/database.ts'
import { syncOnce } from '../sync/run.ts'
import { runService } from '../worker/service.ts'
import { tellDials } from './dials.ts'
import { answer, questions, summaries } from './history.ts'
import { type DemoPostgres, withDemoPostgres } from './postgres.ts'
import { chapters, createDemoWorld, type Stage, setStage } from './story.ts'

/** Dials that are shown while the worker runs. */
const SERVICE_DIALS = 3
const PASS_WITHIN_MS = 90_000
/** With it several teammates dial soon after the first pass, which keeps the demo short. */
const REPS_SEED = 7
const EXIT_WITHIN_MS = 500
/** Fictional: only the simulation accepts it. */
const apiKey = 'ak_demo_0000000000000000'
const numberKey = randomBytes(32).toString('hex')
/** 2.5 times Allo's limit, to keep the demo short. */
const readsPerSecond = 50

export async function runDemo({ once = false }: { readonly once?: boolean }): Promise<ExitCode> {
  const staysUp = process.stdout.isTTY && !once
  try {
    await withInterruption((signal) => tell(signal, staysUp))
    return exitCodes.ok
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error
    say('', 'Stopped. All files of the demo are removed.')
    return exitCodes.tryAgain
  } finally {
    // Pending calls to the stopped Postgres would keep the process alive.
    setTimeout(() => process.exit(), EXIT_WITHIN_MS).unref()
  }
}

async function tell(interrupted: AbortSignal, staysUp: boolean): Promise<void> {
  const progress = showProgress()
  progress.step('Starting a temporary Postgres')
  const run = async (postgres: DemoPostgres) => {
    progress.stop()
    const { url, signal } = postgres
    const world = createDemoWorld()
    const allo = await startSimulatedAllo({ world, apiKey, readsPerSecond, latencyMs: [5, 25], seed: 8 })
    try {
      const config = loadConfig({
        ALLO_API_KEY: apiKey,
        ALLO_API_URL: allo.url,
        DATABASE_URL: url,
        NUMBER_KEY: numberKey,
      })
      await withDatabase(
        config,
        async (database) => {
          const { pool } = database
          await migrateDatabase(url)
          const numberKeys = await openNumberKeys(config, database)
          say(`A simulated Allo team on ${allo.url}, and a real Postgres in a temporary folder.`)
          const stage = setStage(world, allo)
          await playChapters(config, { url, pool, numberKeys, stage, signal })
          await showHistory(pool, stage)
        },
        { name: 'demo' },
      )
      await showService({ postgres, alloUrl: allo.url, world, staysUp })
    } finally {
      await allo.close()
    }
  }
  await withDemoPostgres(interrupted, run, say).finally(progress.stop)
  if (staysUp) say('', 'Stopped, and its folder is removed.')
}

interface Scene {
  readonly url: string
  readonly pool: Pool
  readonly numberKeys: NumberKeys | null
  readonly stage: Stage
  readonly signal: AbortSignal
}

async function playChapters(config: ConfigWithKey, scene: Scene): Promise<void> {
  const { world } = scene.stage
  for (const [index, chapter] of chapters.entries()) {
    say('', bold(`${index + 1}. ${chapter.title}`))
    const [moved = '', ...more] = chapter.happens(scene.stage)
    say(`   at the source  ${moved}`, ...more.map(indented))
    const movesBefore = world.truth.moves().length
    const result = await onePass(config, scene)
    const movesMeanwhile = world.truth.moves().length - movesBefore
    const [saw = '', ...alsoSaw] = await whatItSaw(scene.pool, result, movesMeanwhile)
    say(`   the pass saw   ${saw}`, ...alsoSaw.map(indented))
  }
}

/** Each pass has its own client, like every run of `sync`. */
async function onePass(config: ConfigWithKey, { url, pool, numberKeys, signal }: Scene): Promise<SyncResult> {
  const openBudget = (fingerprint: string) => openReadBudget(url, fingerprint)
  return withAllo(config, openBudget, async (open) => {
    const progress = showProgress()
    progress.watch(open)
    const result = await syncOnce(config, { pool, numberKeys, open, observer: progress, signal }).finally(
      progress.stop,
    )
    if (result.stoppedBy !== null) throw result.stoppedBy
    return result
  })
}

/** One live line, removed when the next text comes. */
function showProgress(): Progress {
  return createProgress(process.stderr, 'silent', { isLive: process.stderr.isTTY && process.stdout.isTTY })
}

async function whatItSaw(pool: Pool, result: SyncResult, movesMeanwhile: number): Promise<string[]> {
  const sum = (field: 'added' | 'changed' | 'moved' | 'removed') =>
    result.readings.reduce((total, reading) => total + reading[field], 0)
  const { readAgain, queues, teammates } = await whatWasRecorded(pool, result)
  const isQuiet = sum('added') + sum('changed') + sum('moved') + sum('removed') === 0
  return [
    isQuiet
      ? 'no change, so no number, entry, version or dial was written'
      : `${sum('added')} added, ${sum('changed')} changed, ${sum('moved')} moved, ${sum('removed')} removed`,
    ...(movesMeanwhile > 0
      ? [
          `${movesMeanwhile} more moves during the pass${readAgain > 0 ? `; ${readAgain} queues were read again` : ''}`,
        ]
      : []),
    ...(result.throttled > 0
      ? [`waited ${(result.throttledMs / 1000).toFixed(1)} s because of the 429; retried the other errors`]
      : []),
    ...teammates.map(({ name, status, hasLeft }) => {
      if (status === 'torn') return `torn: ${name}. Their data stay as they were`
      return hasLeft ? `404 again: ${name} has left` : `404: ${name}. Counts if the next pass confirms it`
    }),
    ...queues.map(({ name, endReason }) =>
      endReason === null
        ? `without a holder: ${name}. The next pass decides`
        : `ended: ${name} (${endReason})`,
    ),
    `${result.requests} requests in ${(result.durationMs / 1000).toFixed(1)} s`,
  ]
}

async function whatWasRecorded(pool: Pool, { passId, conclusions }: SyncResult) {
  const reads = await orm(pool)
    .select({
      name: teammates.name,
      status: syncReads.status,
      hasLeft: sql<boolean>`${teammates.leftAt} is not null`,
      walks: syncReads.walks,
    })
    .from(syncReads)
    .innerJoin(teammates, eq(teammates.userId, syncReads.userId))
    .where(sql`${syncReads.passId} = ${passId}`)
    .orderBy(teammates.name)
  return {
    readAgain: reads.filter(({ walks }) => walks > 1).length,
    teammates: reads.filter(({ status }) => status === 'torn' || status === 'not_found'),
    queues: await orm(pool)
      .select({ name: queues.name, endReason: queues.endReason })
      .from(queues)
      .where(sql`${queues.queueId} ${anyOf([...conclusions.ended, ...conclusions.unknown])}`)
      .orderBy(queues.name),
  }
}

async function showHistory(pool: Pool, { followed }: Stage): Promise<void> {
  for (const summary of summaries) say('', bold(summary.title), ...(await answer(pool, summary)))
  for (const question of questions(followed)) {
    say('', bold(question.title), dim(question.sql.trim()), '', ...(await answer(pool, question)))
  }
}

/** Runs the worker with its jobs in the same Postgres, while the simulated team continues to dial. */
async function showService(scene: {
  readonly postgres: DemoPostgres
  readonly alloUrl: string
  readonly world: World
  readonly staysUp: boolean
}): Promise<void> {
  const { postgres, alloUrl, world, staysUp } = scene
  const { url, signal } = postgres
  const config = loadConfig({
    ALLO_API_KEY: apiKey,
    ALLO_API_URL: alloUrl,
    DATABASE_URL: url,
    NUMBER_KEY: numberKey,
    SYNC_EVERY: '30s',
    // After the 429 of a chapter, looks come back slowly: a demo has no minutes for it.
    LIVE_BUDGET_SHARE: '100%',
    HTTP_PORT: '0',
  })
  const stop = new AbortController()
  const firstPass = Promise.withResolvers<void>()
  let isFirst = true
  let trouble = 'no pass succeeded within 90 seconds'
  const tooLong = setTimeout(() => postgres.giveUp(trouble), PASS_WITHIN_MS)
  const tellEvent = (line: string) => {
    const { event, address, status, teammates, requests, msg } = JSON.parse(line)
    if (event === 'database_unusable') {
      trouble = msg
      void postgres.hasFullDisk().then((isFull) => isFull && postgres.giveUp(msg))
    }
    if (event === 'http_listening') {
      say(`   status page    ${address}`)
      say(`   report         ${address}/report`)
    }
    if (event !== 'pass_finished' || status === 'failed') return
    tooLong.refresh()
    if (isFirst) say(`   pass ${status.padEnd(10)}${teammates} teammates, ${requests} requests`)
    isFirst = false
    firstPass.resolve()
  }
  say('', bold('The worker: a pass every 30 seconds, and looks at where each teammate dials'))
  const reps = startReps(world)
  const running = runService(config, {
    logger: createLogger('info', { write: tellEvent }, () => []),
    signal: AbortSignal.any([signal, stop.signal]),
  })
  try {
    await Promise.race([firstPass.promise, running])
    signal.throwIfAborted()
    const told = { url, world, count: SERVICE_DIALS, tell: (line: string) => say(`   ${line}`), signal }
    await Promise.race([tellDials(told), running])
    signal.throwIfAborted()
    if (!staysUp) return
    say('', bold('Everything runs until Ctrl-C, and the team continues to dial:'), `  psql '${url}'`)
    await untilAborted(signal)
  } finally {
    for (const rep of reps) rep.stop()
    clearTimeout(tooLong)
    stop.abort()
    await running
  }
}

/** All who are at work. */
function startReps(world: World): Rep[] {
  const active = world.teammates().filter(({ status }) => status === 'ACTIVE')
  return active.map(({ id }) => startRep(world, id, callsInOrder(createRandom(`${REPS_SEED} ${id}`))))
}

function say(...lines: string[]): void {
  // Not through print(), which would remove the styling.
  process.stdout.write(`${lines.join('\n')}\n`)
}

function indented(text: string): string {
  return `${' '.repeat(18)}${text}`
}

function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout })
}

function dim(text: string): string {
  return styleText('dim', text, { stream: process.stdout })
}
