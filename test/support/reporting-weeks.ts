/**
 * Two weeks of two sales teams in one database, with everything that makes reports hard: queues that are reset,
 * reassigned and restored, numbers that leave and return, teammates who come and go, outages of the API and of the
 * mirror.
 *
 * The source's clock runs through the weeks until now, and the mirror reads a few dozen times. At the end all teammates
 * are back, nothing changes any more, and everything is confirmed; then a teammate with a queue leaves.
 */
import { afterAll, beforeAll } from 'vitest'
import type { FaultKind } from '../../src/simulation/faults.ts'
import { createRandom } from '../../src/simulation/random.ts'
import type { TimestampStyle } from '../../src/simulation/timestamps.ts'
import type { World, WorldOptions } from '../../src/simulation/world.ts'
import { recordReportTimeZone, recordSpeedToLead } from '../../src/store/queries/settings.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { groupBy } from './recorded.ts'
import { type Closings, type ReportTruth, stayKey, tellTruth } from './reporting-truth.ts'
import { micros, readView } from './reporting-views.ts'
import { openWitness, type Witness } from './reporting-witness.ts'

export interface Climate {
  readonly seed: string
  readonly renumberOnRemoval: NonNullable<WorldOptions['renumberOnRemoval']>
  readonly timestamps: TimestampStyle
  readonly timeZone: string
  /** Of every session that does not choose for itself. */
  readonly databaseSettings: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export const climates: readonly Climate[] = [
  {
    seed: 'paris',
    renumberOnRemoval: true,
    timestamps: 'naive',
    timeZone: 'Europe/Paris',
    databaseSettings: [],
    env: { NUMBER_KEY: 'a7'.repeat(32) },
  },
  {
    seed: 'new_york',
    renumberOnRemoval: false,
    timestamps: 'micros',
    timeZone: 'America/New_York',
    databaseSettings: [`timezone to 'Asia/Kathmandu'`, `datestyle to 'German'`],
    env: {},
  },
  {
    seed: 'kolkata',
    renumberOnRemoval: 'mixed',
    timestamps: 'mixed',
    timeZone: 'Asia/Kolkata',
    databaseSettings: [`timezone to 'America/Los_Angeles'`, `datestyle to 'SQL, DMY'`],
    env: {},
  },
]

export interface Team {
  readonly teamId: string
  readonly witness: Witness
  readonly truth: ReportTruth
  /** The mirror's own id of a stay. */
  entryId(key: string): number
  /** Rows of a view of schema reporting. */
  read<Row extends object>(view: string): Promise<Row[]>
}

export interface Weeks {
  readonly database: TestDatabase
  /** The second team uses the same phone numbers, and fewer of them. */
  readonly teams: readonly [Team, Team]
  /** Left the first team in the end, holding a queue. */
  readonly leaver: string
  close(): Promise<void>
}

/** In a `describe`: the weeks its tests look at. They only look. */
export function useWeeks(climate: Climate): () => Weeks {
  let weeks: Weeks | undefined
  beforeAll(async () => {
    weeks = await liveThroughWeeks(climate)
  })
  afterAll(() => weeks?.close())
  return () => {
    if (weeks === undefined) throw new Error('weeks are looked at within a test')
    return weeks
  }
}

const DAYS = 16
const ROUNDS = 20

/** More of what is rare on a real day and hard to report on; queues stay short. */
const pace = {
  second_dial: 6,
  append: 4,
  duplicate: 3,
  remove_number: 3,
  remove_positions: 3,
  refill: 4,
  reset: 1.2,
  first_queue: 3,
  remove_queue: 0.6,
  restore_queue: 1,
  reassign: 1,
  swap: 1,
  leave: 0.5,
  return: 1,
  block: 0.3,
  unblock: 0.3,
  join: 0.05,
}

const TRANSIENT: readonly FaultKind[] = [
  'server_error',
  'unavailable_empty',
  'connection_reset',
  'truncated_json',
]

/** When a queue's history was closed, before it was seen again or for good. */
export async function closingsOf({ read }: Team): Promise<Closings> {
  const versions = await read<{ queue_id: string; valid_to: number; end_reason: string | null }>(
    'queue_history',
  )
  const closed = versions.flatMap(({ queue_id, valid_to, end_reason }) =>
    end_reason === null ? [] : [{ queueId: queue_id, at: valid_to, reason: end_reason }],
  )
  return groupBy(closed, ({ queueId }) => queueId)
}

async function liveThroughWeeks(climate: Climate): Promise<Weeks> {
  const { seed, renumberOnRemoval, timestamps, timeZone, env } = climate
  const database = await createTestDatabase()
  for (const setting of climate.databaseSettings)
    await database.pool.query(`alter database ${database.name} set ${setting}`)
  await recordReportTimeZone(database.pool, timeZone)
  const workingHours = [0, 1, 2, 3, 4].map((day) => [day * 1440 + 540, day * 1440 + 1080] as const)
  await recordSpeedToLead(database.pool, { speedToLeadTargetMs: 3_600_000, workingHours })

  let daysAgo = DAYS
  const clock = () => performance.timeOrigin + performance.now() - daysAgo * 86_400_000
  const common = { numbersPerQueue: [4, 24], calledBefore: 0.3, clock, pace, renumberOnRemoval } as const
  const one = await openWitness(database, {
    world: { ...common, seed, teammates: 7, blocked: 1, withoutQueue: 2 },
    timestamps,
    env,
  })
  const other = await openWitness(database, {
    world: { ...common, seed: `${seed}_others`, teammates: 3, withoutQueue: 1 },
    timestamps,
    env,
  })
  const random = createRandom(`weeks of ${seed}`)
  const { world, simulated } = one
  const [, , troubled = ''] = world.teammates().map(({ id }) => id)

  for (let round = 1; round <= ROUNDS; round += 1) {
    daysAgo = DAYS * (1 - round / (ROUNDS + 1))
    world.act(random.int(5, 30))
    if (round === 5) handOver(world)
    if (round === 9) leave(world)
    keepShort(one)
    simulated.change({ movesBetweenPages: 0.7, movesInThatQueue: 0.4 })
    simulated.faults.clear()
    simulated.faults.chaos({ seed: `${seed} ${round}`, probability: 0.03, kinds: TRANSIENT })
    // Nobody's queue can be read in the first of these rounds, one teammate's in the second.
    if (round === 7 || round === 8) simulated.faults.add({ kind: 'server_error', endpoint: 'queue' })
    if (round === 12 || round === 13)
      simulated.faults.add({ kind: 'bad_gateway_html', endpoint: 'queue', userId: troubled })
    if (round % 5 === 4)
      simulated.faults.add({ kind: 'odd_no_queue', endpoint: 'queue', probability: 0.3, times: 1 })
    // After the last of these the mirror is down for days.
    await one.pass({ isFollowedByGap: round === 6 || round === 11 || round === 16 })
    if (round === 16) {
      world.act(40)
      keepShort(one)
    }
    if (round % 4 !== 0) continue
    other.world.act(random.int(5, 20))
    keepShort(other)
    await other.pass()
  }

  daysAgo = 0
  for (const { simulated } of [one, other]) {
    simulated.change({ movesBetweenPages: 0 })
    simulated.faults.clear()
  }
  await comeToRest(one)
  await comeToRest(other)
  const leaver = last(world.teammates()).id
  if (!world.currentQueue(leaver)) {
    world.apply({ type: 'reset', userId: leaver, fill: 6 })
    await one.pass()
  }
  world.apply({ type: 'leave', userId: leaver })
  for (let round = 0; round < 3; round += 1) await one.pass()
  const entryIds = await entryIdsIn(database)
  return {
    database,
    teams: [asTeam(one, database, entryIds), asTeam(other, database, entryIds)],
    leaver,
    async close() {
      await one.close()
      await other.close()
      await database.drop()
    },
  }
}

function asTeam(witness: Witness, { pool }: TestDatabase, entryIds: ReadonlyMap<string, number>): Team {
  const teamId = witness.world.team.id
  return {
    teamId,
    witness,
    truth: tellTruth(witness),
    entryId: (key) => entryIds.get(key) ?? Number.NaN,
    read: (view) => readView(pool, `reporting.${view}`, teamId),
  }
}

async function entryIdsIn({ pool }: TestDatabase): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ id: number; queue_id: string; number_to: string; created_at: number }>(
    `select e.entry_id::float8 as id, e.queue_id, n.number_to, ${micros('e.created_at')} as created_at
     from reporting.number_entries e join reporting_pii.numbers n using (entry_id)`,
  )
  return new Map(rows.map((row) => [stayKey(row.queue_id, row.number_to, row.created_at), row.id]))
}

/** All teammates are back, one queue is gone, another was replaced and restored, and everything is confirmed. */
async function comeToRest({ world, pass }: Witness): Promise<void> {
  const away = new Set(world.truth.moves().flatMap(({ type, userIds }) => (type === 'leave' ? userIds : [])))
  for (const { id } of world.teammates()) away.delete(id)
  for (const userId of away) world.apply({ type: 'return', userId })
  const owner = world.keyOwner()
  const loser = world.teammates().find(({ id }) => id !== owner)?.id ?? owner
  world.apply({ type: 'reset', userId: owner, fill: 6 })
  world.apply({ type: 'reset', userId: loser, fill: 6 })
  await pass()
  world.apply({ type: 'reset', userId: owner, fill: 3 })
  world.apply({ type: 'remove_queue', userId: loser })
  for (let round = 0; round < 3; round += 1) await pass()
  world.apply({ type: 'remove_queue', userId: owner, restoreOlder: true })
  for (let round = 0; round < 3; round += 1) await pass()
}

function handOver(world: World): void {
  const owner = world.keyOwner()
  if (!world.currentQueue(owner)) world.apply({ type: 'reset', userId: owner, fill: 8 })
  world.apply({ type: 'reassign', userId: owner, to: last(world.teammates()).id })
}

function leave(world: World): void {
  world.apply({ type: 'leave', userId: last(world.teammates()).id })
}

function last<Row>(rows: readonly Row[]): Row {
  const row = rows.at(-1)
  if (row === undefined) throw new Error('there is none')
  return row
}

function keepShort({ world }: Witness): void {
  for (const { id } of world.teammates()) {
    if ((world.currentQueue(id)?.size ?? 0) > 40) world.apply({ type: 'clear_uncalled', userId: id })
    if ((world.currentQueue(id)?.size ?? 0) > 40) world.apply({ type: 'reset', userId: id, fill: 9 })
  }
}
