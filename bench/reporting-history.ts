/**
 * Years of history of a team. The program itself writes the last two weeks, pass by pass, from a simulated Allo, with
 * the database's clock set to the time of each pass. The first of these weeks, in which every queue begins and ends, is
 * then copied into the weeks before: three years of passes would take hours.
 */

import { createRandom, type Random } from '../src/simulation/random.ts'
import { startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld, type World } from '../src/simulation/world.ts'
import type { Pool } from '../src/store/postgres/database.ts'
import { recordReportTimeZone } from '../src/store/queries/settings.ts'
import { cadenceOf } from '../src/worker/freshness.ts'
import { type Mirror, openMirror } from '../test/support/mirror.ts'
import { takeClock } from './database-clock.ts'
import { apiKey } from './simulated-allo.ts'
import { NUMBER_KEY } from './source.ts'

export const TEAM_ID = 'team-bench'
export const WEEK_MS = 7 * 86_400_000

const PASS_EVERY_MS = 1_200_000
const SCHEDULE = { cron: '*/20 8-11,13-16 * * 1-5', timeZone: 'UTC' } as const
/** The checks of the data come a while after the last pass, which may be Friday's. */
const FRESHNESS_SLO_MS = 4 * 86_400_000
/** Ids of what the program writes begin here: those of copies are lower, as their times are earlier. */
const FIRST_ID = 1_000_000_000
/** Older readings are erased by default (RETAIN_READS_DAYS: 90). */
const WEEKS_OF_READS = 11

const TEAMMATES = 10
/** The week that is copied, and then some days with all of its working days. */
const DAYS_WRITTEN = 15
const PASSES_OF_A_WEEK = 5 * 24
const MOVES_BETWEEN_PASSES = 9.4
const QUEUED_BEFORE = 0.06
/** Queues are reset, and people come and go, by plan alone. */
const pace = {
  append: 3,
  clear_uncalled: 0.03,
  reset: 0,
  first_queue: 0,
  remove_queue: 0,
  restore_queue: 0,
  reassign: 0,
  swap: 0,
  leave: 0,
  return: 0,
  block: 0,
  unblock: 0,
  join: 0,
  edit_teammate: 0,
}

export interface WrittenWeeks {
  /** The first week: from the first pass until the pass in which every queue of the week ends. */
  readonly weekFrom: string
  readonly weekTo: string
  /** When the last pass began. */
  readonly endsAt: number
}

/** Fills an empty database with two weeks that end now. */
export async function writeTwoWeeks(database: {
  readonly url: string
  readonly pool: Pool
}): Promise<WrittenWeeks> {
  const { pool, url } = database
  const passes = timesOfPasses(Date.now())
  const [startsAt = 0, endsAt = 0] = [passes[0], passes.at(-1)]
  await recordReportTimeZone(pool, 'Europe/Paris')
  await startIdsAt(pool, FIRST_ID)
  const clock = await takeClock(pool)
  const team = createTeam(startsAt)
  const simulated = await startSimulatedAllo({ world: team.world, apiKey, readsPerSecond: null })
  const mirror = await openMirror({
    simulated,
    databaseUrl: withoutWaitingForTheDisk(url),
    apiKey,
    env: { NUMBER_KEY },
  })
  try {
    for (const at of passes) {
      team.workUntil(at)
      await clock.set(at)
      await readEveryone(mirror, at)
    }
  } finally {
    await mirror.close()
    await simulated.close()
    await clock.giveBack()
  }
  await writeCalls(pool)
  const instant = (at: number) => new Date(at).toISOString()
  return { weekFrom: instant(startsAt), weekTo: instant(startsAt + WEEK_MS), endsAt }
}

function withoutWaitingForTheDisk(databaseUrl: string): string {
  const url = new URL(databaseUrl)
  url.searchParams.set('options', '-c synchronous_commit=off')
  return url.href
}

/** On the grid until now. In each week no worker runs for some hours, which leaves a gap. */
function timesOfPasses(now: number): number[] {
  const endsAt = Math.floor(now / PASS_EVERY_MS) * PASS_EVERY_MS
  const count = DAYS_WRITTEN * (86_400_000 / PASS_EVERY_MS)
  return Array.from({ length: count }, (_, index) => endsAt - (count - 1 - index) * PASS_EVERY_MS)
    .filter(isWorkingTime)
    .filter((_, index) => index % PASSES_OF_A_WEEK < 40 || index % PASSES_OF_A_WEEK > 46)
}

/** From eight to noon and from one to five, Monday to Friday: as the schedule says. */
function isWorkingTime(at: number): boolean {
  const moment = new Date(at)
  const [day, hour] = [moment.getUTCDay(), moment.getUTCHours()]
  return day >= 1 && day <= 5 && hour >= 8 && hour < 17 && hour !== 12
}

async function readEveryone(mirror: Mirror, at: number): Promise<void> {
  const { status, stoppedBy } = await mirror.pass({
    cadence: cadenceOf(SCHEDULE, FRESHNESS_SLO_MS, new Date(at)),
  })
  if (status !== 'ok')
    throw new Error(`the pass at ${new Date(at).toISOString()} was ${status}`, { cause: stoppedBy })
}

interface Team {
  readonly world: World
  /** Everything that happens since the last pass. */
  workUntil(at: number): void
}

/** Everyone gets a new queue at the beginning of each week, and most in the middle of it. The last one's are long. */
function createTeam(startsAt: number): Team {
  const random = createRandom('a team to report on')
  let now = startsAt
  const world = createWorld({
    seed: 'a team to report on',
    teammates: TEAMMATES,
    numbersPerQueue: 60,
    renumberOnRemoval: false,
    pace,
    clock: () => now,
    teamId: TEAM_ID,
  })
  const userIds = world.teammates().map(({ id }) => id)
  const newQueueAt = userIds.map(() => startsAt)
  const swaps = [startsAt + 2.1 * 86_400_000, startsAt + WEEK_MS + 3.1 * 86_400_000]
  return {
    world,
    workUntil(at) {
      for (const [index, userId] of userIds.entries()) {
        if ((newQueueAt[index] ?? at) <= at) {
          giveNewQueue(world, userId, random, index === TEAMMATES - 1)
          newQueueAt[index] = nextQueueAt(startsAt, at, random)
        }
        const moves = random.count(MOVES_BETWEEN_PASSES)
        for (let move = 1; move <= moves; move += 1) {
          now = at - PASS_EVERY_MS + (move * PASS_EVERY_MS) / (moves + 1)
          world.act(1, { userId })
        }
      }
      if ((swaps[0] ?? at + 1) <= at) {
        swaps.shift()
        world.apply({ type: 'swap', userId: userIds[1] ?? '', with: userIds[2] ?? '' })
      }
    },
  }
}

/** In the middle of the week or, after that or with bad luck, when the next week begins. */
function nextQueueAt(startsAt: number, at: number, random: Random): number {
  const weekAt = startsAt + Math.floor((at - startsAt) / WEEK_MS) * WEEK_MS
  const inTheMiddle = weekAt + random.int(2 * 72, 4 * 72) * PASS_EVERY_MS
  return at === weekAt && random.chance(0.7) ? inTheMiddle : weekAt + WEEK_MS
}

/** Some of its numbers were in the queue before. */
function giveNewQueue(world: World, userId: string, random: Random, isLong: boolean): void {
  const numbers = world.currentQueue(userId)?.rows() ?? []
  const again = numbers.filter(() => random.chance(QUEUED_BEFORE)).map(({ number_to }) => number_to)
  world.apply({ type: 'reset', userId, fill: isLong ? random.int(1200, 1500) : random.int(60, 200) })
  if (again.length > 0) world.apply({ type: 'append', userId, numbers: again })
}

/** What Allo would have said of each call that has a result, as with CALL_DETAILS: asking for it takes hours. */
async function writeCalls(pool: Pool): Promise<void> {
  await pool.query(`
    insert into allo.calls (team_id, call_id, dialled_at, asked_at, attempts, known_at, result, duration_seconds,
      direction, started_at, tags, is_phone_menu)
    select team_id, call_id, coalesce(dialled_at, first_seen_at), first_seen_at, 1, first_seen_at,
      case outcome when 'connected' then 'ANSWERED' when 'voicemail' then 'VOICEMAIL' else 'MISSED' end,
      case outcome when 'connected' then 20 + dial_id % 300 else 0 end, 'OUTBOUND', dialled_at,
      case when outcome = 'connected' and dial_id % 3 = 0 then '["Meeting", "Follow up"]' else '[]' end::jsonb,
      dial_id % 40 = 0
    from allo.dials where call_id is not null and outcome <> 'in_progress'`)
  await pool.query(`update allo.settings set conversion_tags = array['meeting']`)
}

async function startIdsAt(pool: Pool, id: number): Promise<void> {
  await pool.query(`
    alter table allo.queue_entries alter column entry_id restart with ${id};
    alter table allo.dials alter column dial_id restart with ${id};
    alter table allo.sync_passes alter column pass_id restart with ${id}`)
}

/** Which rows of a table are of the week: `$1` until `$2`. */
const ofQueue =
  'queue_id in (select queue_id from allo.queues where first_seen_at >= $1 and first_seen_at < $2)'
const ofPass = 'pass_id in (select pass_id from allo.sync_passes where started_at >= $1 and started_at < $2)'
const ofTheWeek = {
  queues: ofQueue,
  queue_numbers: ofQueue,
  queue_entries: ofQueue,
  calls: `call_id in (select call_id from allo.dials where ${ofQueue})`,
  dials: ofQueue,
  queue_number_versions: ofQueue,
  queue_versions: ofQueue,
  queue_snapshots: ofQueue,
  queue_assignments: 'valid_from >= $1 and valid_from < $2',
  reading_gaps: 'gap_from >= $1 and gap_from < $2',
  sync_reads: ofPass,
  sync_passes: ofPass,
}

/** Copies the first week into the `from`th to the `to`th week before it, with times, ids and numbers of their own. */
export async function copyWeek(
  pool: Pool,
  { weekFrom, weekTo }: WrittenWeeks,
  from: number,
  to: number,
): Promise<void> {
  // A pass takes a moment longer or shorter than another: a week as long as the longest has no overlap with the next.
  const week = `(select max(b.observed_at - a.observed_at) from allo.sync_reads a join allo.sync_reads b using (user_id)
    where a.observed_at between $1::timestamptz and $1::timestamptz + interval '5 min'
      and b.observed_at between $2::timestamptz and $2::timestamptz + interval '5 min')`
  for (const [table, isOfTheWeek] of Object.entries(ofTheWeek)) {
    const columns = await columnsOf(pool, table)
    const copies = columns.map(({ name, type }) => copyOf(name, type))
    const last = table === 'sync_reads' ? Math.min(to, WEEKS_OF_READS) : to
    await pool.query(
      `insert into allo.${table} (${columns.map(({ name }) => name).join(', ')}) overriding system value
       select ${copies.join(', ')} from allo.${table} t, generate_series($3::int, $4::int) as back, ${week} as w(week)
       where ${isOfTheWeek}`,
      [weekFrom, weekTo, from, last],
    )
  }
  await pool.query(`update allo.teammates set first_seen_at = $1::timestamptz - $2 * interval '7 days'`, [
    weekFrom,
    to,
  ])
  await pool.query('vacuum analyze')
}

function copyOf(name: string, type: string): string {
  if (type === 'timestamp with time zone') return `t.${name} - back * week`
  if (['entry_id', 'dial_id', 'pass_id'].includes(name)) return `t.${name} - back * 1000000`
  if (/queue_id$|^call_id$|^number_key$/.test(name)) return `t.${name} || '-' || back`
  return `t.${name}`
}

async function columnsOf(pool: Pool, table: string): Promise<{ name: string; type: string }[]> {
  const { rows } = await pool.query<{ name: string; type: string }>(
    `select column_name as name, data_type as type from information_schema.columns
     where table_schema = 'allo' and table_name = $1 and is_generated = 'NEVER' order by ordinal_position`,
    [table],
  )
  return rows
}
