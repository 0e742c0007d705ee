/**
 * `demo`: the whole product without a key. A simulated team over HTTP on this machine, a Postgres in a folder of its
 * own, passes over queues that move, what history saw, and the service on a schedule of seconds. It reads nothing of the user's: its configuration is
 * written below, and its folder is gone when it ends.
 */
import { randomBytes } from 'node:crypto'
import { styleText } from 'node:util'
import { type ConfigWithKey, loadConfig } from '../../config/config.ts'
import { type ExitCode, exitCodes, InterruptedError } from '../../errors.ts'
import { createLogger } from '../../logger.ts'
import type { SyncResult } from '../../pass/sync.ts'
import { openNumberKeys } from '../../personal-data/open-number-keys.ts'
import { startSimulatedAllo } from '../../simulation/server.ts'
import type { World } from '../../simulation/world.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import { migrateDatabase } from '../../store/migrate/migrate.ts'
import { openReadBudget } from '../../store/pass/read-budget.ts'
import type { Pool } from '../../store/postgres/database.ts'
import { untilAborted, withInterruption } from '../../terminal/interruption.ts'
import { createProgress, type Progress } from '../../terminal/progress.ts'
import { withAllo } from '../open/allo.ts'
import { withDatabase } from '../open/database.ts'
import { syncOnce } from '../sync/run.ts'
import { runService } from '../worker/run.ts'
import { answer, questions, summaries } from './history.ts'
import { type DemoPostgres, withDemoPostgres } from './postgres.ts'
import { chapters, createDemoWorld, type Stage, setStage } from './story.ts'

/** Enough to see it go on by itself. */
const SERVICE_PASSES = 3
const PASS_WITHIN_MS = 60_000
const EXIT_WITHIN_MS = 500
/** Fictional: the simulation takes it and nobody else does. */
const apiKey = 'ak_demo_0000000000000000'
const numberKey = randomBytes(32).toString('hex')
/** Twice and a half what Allo allows, to keep this short. */
const readsPerSecond = 50

export async function runDemo({ once = false }: { readonly once?: boolean }): Promise<ExitCode> {
  const staysUp = process.stdout.isTTY && !once
  try {
    await withInterruption((signal) => tell(signal, staysUp))
    return exitCodes.ok
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error
    say('', 'Stopped. Nothing of the demo is left.')
    return exitCodes.tryAgain
  } finally {
    // What still waits for a Postgres that is gone keeps the process alive; nothing of it is needed any more.
    setTimeout(() => process.exit(), EXIT_WITHIN_MS).unref()
  }
}

async function tell(interrupted: AbortSignal, staysUp: boolean): Promise<void> {
  const progress = showProgress()
  progress.step('Starting a Postgres of its own')
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
          say(`A simulated Allo team on ${allo.url}, and a real Postgres in a folder of its own.`)
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
  if (staysUp) say('', 'Gone, and its folder too.')
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

/** A client of its own for each pass, as every run of `sync` has. */
async function onePass(config: ConfigWithKey, { url, pool, numberKeys, signal }: Scene): Promise<SyncResult> {
  const openBook = (fingerprint: string) => openReadBudget(url, fingerprint)
  return withAllo(config, openBook, async (open) => {
    const progress = showProgress()
    progress.watch({
      requests: () => open.allo.counts.requests,
      throttledMs: () => open.pacer.throttledMs,
      pausedMs: () => open.pacer.pausedMs,
    })
    const result = await syncOnce(config, { pool, numberKeys, open, observer: progress, signal }).finally(
      progress.stop,
    )
    if (result.stoppedBy !== null) throw result.stoppedBy
    return result
  })
}

/** One line that is drawn over, and gone when the story goes on; the rest is told in its words. */
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
      ? 'nothing new, so no number, entry, version or dial was written'
      : `${sum('added')} added, ${sum('changed')} changed, ${sum('moved')} moved, ${sum('removed')} removed`,
    ...(movesMeanwhile > 0
      ? [
          `${movesMeanwhile} more moves while it read${readAgain > 0 ? `; read ${readAgain} queues again, to be sure` : ''}`,
        ]
      : []),
    ...(result.throttled > 0
      ? [`waited ${(result.throttledMs / 1000).toFixed(1)} s for the 429; asked again for the rest`]
      : []),
    ...teammates.map(({ name, status, has_left }) => {
      if (status === 'torn') return `torn: ${name}. Nothing is concluded, what was known stands`
      return has_left ? `404 again: ${name} has left` : `404: ${name}. Believed if the next pass hears it too`
    }),
    ...queues.map(({ name, end_reason }) =>
      end_reason === null
        ? `with nobody: ${name}. The next pass settles it`
        : `ended: ${name} (${end_reason})`,
    ),
    `${result.requests} requests in ${(result.durationMs / 1000).toFixed(1)} s`,
  ]
}

async function whatWasRecorded(pool: Pool, { passId, conclusions }: SyncResult) {
  const reads = await pool.query<{ name: string; status: string; has_left: boolean; walks: number }>(
    `select name, r.status, left_at is not null as has_left, walks
     from allo.sync_reads r join allo.teammates using (user_id) where pass_id = $1 order by name`,
    [passId],
  )
  const queues = await pool.query<{ name: string; end_reason: string | null }>(
    'select name, end_reason from allo.queues where queue_id = any ($1) order by name',
    [[...conclusions.ended, ...conclusions.unknown]],
  )
  return {
    readAgain: reads.rows.filter(({ walks }) => walks > 1).length,
    teammates: reads.rows.filter(({ status }) => status === 'torn' || status === 'not_found'),
    queues: queues.rows,
  }
}

async function showHistory(pool: Pool, { followed }: Stage): Promise<void> {
  for (const summary of summaries) say('', bold(summary.title), ...(await answer(pool, summary)))
  for (const question of questions(followed)) {
    say('', bold(question.title), dim(question.sql.trim()), '', ...(await answer(pool, question)))
  }
}

/** The worker itself, with its jobs in the same Postgres, over a team that goes on working. */
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
    SYNC_EVERY: '2s',
    HTTP_PORT: '0',
  })
  const stop = new AbortController()
  const passes = Promise.withResolvers<void>()
  let finished = 0
  let trouble = 'no pass succeeded within a minute'
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
    finished += 1
    if (finished <= SERVICE_PASSES)
      say(`   pass ${status.padEnd(10)}${teammates} teammates, ${requests} requests`)
    if (finished === SERVICE_PASSES) passes.resolve()
  }
  say('', bold(`The service: the same on a schedule, every 2 seconds`))
  const work = setInterval(() => world.act(2), 250)
  const running = runService(config, {
    logger: createLogger('info', { write: tellEvent }, () => []),
    signal: AbortSignal.any([signal, stop.signal]),
  })
  try {
    await Promise.race([passes.promise, running])
    signal.throwIfAborted()
    if (!staysUp) return
    say('', bold('All of it stays up until Ctrl-C, and the team goes on working:'), `  psql '${url}'`)
    await untilAborted(signal)
  } finally {
    clearInterval(work)
    clearTimeout(tooLong)
    stop.abort()
    await running
  }
}

function say(...lines: string[]): void {
  // Its own words, in bold and dim.
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
