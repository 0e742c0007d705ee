/** Whether the lists of queues are worth calling, from `list_health`: each list, and all of them together. */
import { type SQL, sql } from 'drizzle-orm'
import { anyOf, one } from '../store/postgres/query.ts'
import { type Rate, rateOf, type Scope } from './scope.ts'

export const measures = ['not_in_service', 'voicemail', 'duplicates', 'called_elsewhere'] as const
export type Measure = (typeof measures)[number]

/** Of numbers with a result: not in service, answered by a machine. Of known numbers: duplicates, called elsewhere before. */
export type ListRates = Readonly<Record<Measure, Rate>>

export interface ListHealth extends ListRates {
  readonly queueId: string
  readonly userId: string
  readonly name: string
  /** In the queue now. */
  readonly numbers: number
}

export interface Lists {
  readonly all: ListRates
  /** Most numbers first. */
  readonly lists: readonly ListHealth[]
}

export interface PoorList extends Pick<ListHealth, 'queueId' | 'userId' | 'name'> {
  /** Which limit it is clearly above: the one it is above by most. */
  readonly problem: keyof typeof listLimits
  readonly part: number
  readonly whole: number
}

/** A list is poor if the lower bound of its share is above the limit. */
export const listLimits = { not_in_service: 0.1, duplicates: 0.1, called_elsewhere: 0.3 } as const

const columns: Readonly<Record<Measure, { readonly rate: string; readonly whole: SQL }>> = {
  not_in_service: { rate: 'not_in_service_rate', whole: sql`resolved_numbers` },
  voicemail: { rate: 'voicemail_rate', whole: sql`resolved_numbers` },
  duplicates: { rate: 'duplicate_rate', whole: sql`known_numbers` },
  called_elsewhere: { rate: 'called_elsewhere_rate', whole: sql`known_numbers` },
}

/** A list whose history was deleted in part has rates of nothing. */
export async function listsOf({ client, teamId }: Scope, queueIds: readonly string[]): Promise<Lists> {
  const { lists, ...all } = await one<ListRates & { readonly lists: readonly ListHealth[] }>(
    client,
    sql`with health as materialized (
        select * from reporting.list_health where team_id = ${teamId} and queue_id ${anyOf(queueIds)})
      select (select coalesce(json_agg(json_build_object('queueId', queue_id, 'userId', user_id,
            'name', coalesce(teammate_name, user_id), 'numbers', coalesce(numbers, 0),
            ${each(rateOfList)}) order by numbers desc nulls last, teammate_name, queue_id), '[]') from health) as lists,
        ${sql.join(
          measures.map((measure) => sql`${rateOfAll(measure)} as ${sql.identifier(measure)}`),
          sql`, `,
        )}
      from health`,
  )
  return { all, lists }
}

function each(value: (measure: Measure) => SQL): SQL {
  return sql.join(
    measures.map((measure) => sql`${measure}::text, ${value(measure)}`),
    sql`, `,
  )
}

function rateOfList(measure: Measure): SQL {
  const { rate, whole } = columns[measure]
  const column = (ending: string) => sql.identifier(`${rate}${ending}`)
  return sql`json_build_object('part', coalesce(${sql.identifier(measure)}, 0), 'whole', coalesce(${whole}, 0),
    'rate', ${column('')}, 'low', ${column('_low')}, 'high', ${column('_high')})`
}

function rateOfAll(measure: Measure): SQL {
  const sumOf = (column: SQL) => sql`coalesce(sum(${column}), 0)::bigint`
  return rateOf(sumOf(sql`${sql.identifier(measure)}`), sumOf(columns[measure].whole))
}

/** Most numbers of the problem first. */
export function poorListsOf(lists: readonly ListHealth[]): PoorList[] {
  return lists
    .flatMap(({ queueId, userId, name, ...rates }) => {
      const [worst] = limited
        .map((problem) => ({ problem, above: (rates[problem].low ?? 0) - listLimits[problem] }))
        .filter(({ above }) => above > 0)
        .sort((a, b) => b.above - a.above)
      if (worst === undefined) return []
      const { part, whole } = rates[worst.problem]
      return [{ queueId, userId, name, problem: worst.problem, part, whole }]
    })
    .sort((a, b) => b.part - a.part || a.name.localeCompare(b.name))
}

const limited = ['not_in_service', 'duplicates', 'called_elsewhere'] as const
