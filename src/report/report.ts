/**
 * A report: what became of one team's queues in a period, as of one moment of the database. It holds values only; the
 * page decides how they look. It can't hold a phone number, because it reads schema `reporting` only.
 */
import { sql } from 'drizzle-orm'
import type { Client, Pool } from '../store/postgres/database.ts'
import { one, run } from '../store/postgres/query.ts'
import { type Attempts, attemptsOf } from './attempts.ts'
import { type Burndowns, burndownsOf } from './burndown.ts'
import { type DayOfDials, daysOf, hoursOfDay, slotsOf } from './days.ts'
import type { Filters } from './filters.ts'
import { type FollowUps, followUpsOf } from './follow-ups.ts'
import { type Funnel, funnelOf } from './funnel.ts'
import { type HourOfWeek, hoursOf } from './hours.ts'
import { instant } from './instant.ts'
import { type Outlook, outlookOf } from './outlook.ts'
import { type Pace, paceOf } from './pace.ts'
import { PEOPLE_SHOWN, type People, peopleOf } from './people.ts'
import { type Period, periodOf, type TimeSpan } from './period.ts'
import { type Queues, queuesOf } from './queues.ts'
import { type Removals, removalsOf } from './removals.ts'
import { namesOf, readOneMoment } from './scope.ts'
import {
  type FirstDials,
  firstDialsOf,
  type Remaining,
  type RemainingThen,
  remainingNow,
  remainingThen,
  type Today,
  todayOf,
} from './tiles.ts'
import { type Todo, todoOf } from './todo.ts'
import { type Trust, trustOf } from './trust.ts'
import { unreadIn } from './unread.ts'
import { type WastedDials, wastedDialsOf } from './wasted.ts'

/** More than these are not listed, but found by a search. */
export const MOST_NAMES = 61

export interface Report {
  readonly team: { readonly teamId: string; readonly name: string }
  /** When it was made, by the database's clock. */
  readonly madeAt: string
  readonly filters: Filters
  /** What the filters name; null: everyone, and all queues. */
  readonly names: { readonly teammate: string | null; readonly queue: string | null }
  /** Those a report of this team can be narrowed to, by name; `MOST_NAMES` of them. */
  readonly teammates: readonly { readonly userId: string; readonly name: string }[]
  readonly definitions: readonly OutcomeDefinition[]
  /** Null: nothing of this team was ever read. */
  readonly figures: Figures | null
}

export interface Figures {
  readonly period: Period
  readonly trust: Trust
  /** Share that was not read; null: no teammate is on the team. `recorded`: of the period since the first reading. */
  readonly unread: Readonly<Record<'period' | 'previous' | 'today' | 'weekAgo' | 'recorded', number | null>>
  readonly todo: Todo
  readonly today: Today
  readonly firstDials: readonly [now: FirstDials, before: FirstDials]
  readonly remaining: Remaining
  readonly remainingThen: RemainingThen
  readonly burndowns: Burndowns
  readonly days: readonly DayOfDials[]
  /** Null: the period has more than one day. */
  readonly hoursOfDay: readonly DayOfDials[] | null
  readonly funnel: Funnel
  readonly pace: Pace
  readonly hours: readonly HourOfWeek[]
  readonly attempts: Attempts
  readonly wasted: WastedDials
  readonly people: People
  readonly outlook: Outlook
  readonly queues: Queues
  readonly removals: Removals
  readonly followUps: FollowUps
}

export interface ReportRequest {
  readonly teamId: string
  readonly filters: Filters
  /** Of each query. */
  readonly statementTimeoutMs: number
}

/** Throws FilterError when the team does not have what a filter names. */
export function takeReport(
  pool: Pool,
  { teamId, filters, statementTimeoutMs }: ReportRequest,
): Promise<Report> {
  return readOneMoment(pool, { doing: 'asking for the report', statementTimeoutMs }, async (client) => {
    const names = await namesOf(client, teamId, filters)
    return {
      ...(await teamOf(client, teamId)),
      filters,
      names,
      definitions: await outcomeDefinitions(client),
      figures: await figuresOf(client, teamId, filters),
    }
  })
}

async function teamOf(
  client: Client,
  teamId: string,
): Promise<Pick<Report, 'team' | 'madeAt' | 'teammates'>> {
  const { name, ...rest } = await one<{ name: string; madeAt: string; teammates: Report['teammates'] }>(
    client,
    sql`select coalesce((select name from reporting.teams where team_id = ${teamId}), ${teamId}) as name,
        ${instant(sql`clock_timestamp()`)} as "madeAt",
        (select coalesce(json_agg(json_build_object('userId', user_id, 'name', coalesce(teammate_name, user_id))
           order by teammate_name, user_id), '[]')
         from (select user_id, teammate_name from reporting.teammates
           where team_id = ${teamId} and (is_listed or left_at is null)
           order by teammate_name, user_id limit ${MOST_NAMES}) named) as teammates`,
  )
  return { team: { teamId, name }, ...rest }
}

export interface OutcomeDefinition {
  readonly outcome: string
  readonly meaning: string
  readonly rule: string
  readonly isResolved: boolean
  readonly isOurReading: boolean
}

function outcomeDefinitions(client: Client): Promise<OutcomeDefinition[]> {
  return run<OutcomeDefinition>(
    client,
    sql`select outcome, meaning, rule, is_resolved as "isResolved", is_our_reading as "isOurReading"
      from reporting.outcome_definitions order by priority`,
  )
}

/** One query after the other: they see one moment because they share a transaction. */
async function figuresOf(client: Client, teamId: string, filters: Filters): Promise<Figures | null> {
  const period = await periodOf(client, teamId, filters)
  if (period === null) return null
  const scope = { client, teamId, filters, period }
  const slots = await slotsOf(scope)
  const trust = await trustOf(scope)
  const spans = [period, period.previous, period.today, period.weekAgo, recordedOf(period, trust)]
  const { days, hours } = slots
  const { shares, secondsOf } = await unreadIn(scope, [...spans, ...days, ...(hours ?? [])], {
    byTeammate: 2,
  })
  const [
    ofPeriod = null,
    ofPrevious = null,
    ofToday = null,
    ofWeekAgo = null,
    ofRecorded = null,
    ...ofSlots
  ] = shares
  const people = await peopleOf(scope, secondsOf)
  const queuesShown = people.teammates.slice(0, PEOPLE_SHOWN).flatMap(({ queueId }) => queueId ?? [])
  return {
    period,
    trust,
    unread: {
      period: ofPeriod,
      previous: ofPrevious,
      today: ofToday,
      weekAgo: ofWeekAgo,
      recorded: ofRecorded,
    },
    todo: await todoOf(scope),
    today: await todayOf(scope),
    firstDials: await firstDialsOf(scope),
    remaining: await remainingNow(scope),
    remainingThen: await remainingThen(scope),
    burndowns: await burndownsOf(scope),
    days: await daysOf(scope, days, ofSlots),
    hoursOfDay: hours === null ? null : await hoursOfDay(scope, hours, ofSlots.slice(days.length)),
    funnel: await funnelOf(scope),
    pace: await paceOf(scope),
    hours: await hoursOf(scope),
    attempts: await attemptsOf(scope),
    wasted: await wastedDialsOf(scope),
    people,
    outlook: await outlookOf(scope, queuesShown),
    queues: await queuesOf(scope),
    removals: await removalsOf(scope),
    followUps: await followUpsOf(scope),
  }
}

function recordedOf({ from, to }: Period, { mirrorFrom }: Trust): TimeSpan {
  const isLater = mirrorFrom !== null && mirrorFrom > from && mirrorFrom < to
  return { from: isLater ? mirrorFrom : from, to }
}
