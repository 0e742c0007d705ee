/**
 * A model of Allo, small enough to try everything: two teammates, their queues, pages of two numbers. A model is a
 * value. moves.ts makes new models from it; `answerOf` says what the queue endpoint answers.
 */
export const users = ['usr-a', 'usr-b'] as const
export type UserId = (typeof users)[number]

export const pageSize = 2

export interface Model {
  /** A teammate's current queue is the last one that names them, so an older queue can come back. */
  readonly queues: readonly ModelQueue[]
  /** Teammates who are on the team now. */
  readonly team: readonly UserId[]
}

export interface ModelQueue {
  readonly id: number
  readonly holder: UserId
  /** Sorted by position. Between positions, slots can be free. */
  readonly rows: readonly Row[]
  /** The number that left last, which may be added again. */
  readonly left: Name | null
}

/** Two rows with the same name are twins: the API shows the same number and `created_at` for both. */
export interface Name {
  /** Stands for `number_to`. */
  readonly number: number
  /** Stands for `created_at`: 0 for the first time that this number was added. */
  readonly created: number
}

export interface Row extends Name {
  readonly position: number
  /** How many steps of its call are visible; see callSteps. */
  readonly call: number
  /** How often `updated_at` changed for another reason. */
  readonly touched?: number
}

/** What the API shows after each step of a call. */
export const callSteps = [
  {},
  { call_start_date: true },
  { call_start_date: true, call_id: true },
  { call_start_date: true, call_id: true, routing_result: 'ANSWERED' },
] as const

export const lastCallStep = callSteps.length - 1

export function currentQueue({ queues }: Model, user: UserId): ModelQueue | undefined {
  return queues.findLast(({ holder }) => holder === user)
}

/** What the API can show of a teammate: this is the state that a reading has to be true to. */
export type View =
  | { readonly kind: 'not_found' }
  | { readonly kind: 'no_queue' }
  | { readonly kind: 'queue'; readonly queue: ModelQueue }

export function viewOf(model: Model, user: UserId): View {
  if (!model.team.includes(user)) return { kind: 'not_found' }
  const queue = currentQueue(model, user)
  return queue === undefined ? { kind: 'no_queue' } : { kind: 'queue', queue }
}

/** One answer of the queue endpoint; null: 404 ASSIGNEE_NOT_FOUND. */
export function answerOf(view: View, user: UserId, page: number, options: AnswerOptions): object | null {
  if (view.kind === 'not_found') return null
  if (view.kind === 'no_queue') return { data: [] }
  const { rows, id } = view.queue
  const { size = pageSize } = options
  const end = page * size
  return {
    data: rows.slice(end - size, end).map(rowAsAnswered),
    pagination: {
      has_more: end < rows.length,
      ...(options.announcesTotal ? { total_count: rows.length } : {}),
    },
    queue: { id: queueIdOf(id), assignee_id: user },
  }
}

export interface AnswerOptions {
  /** Whether pages have `total_count`. */
  readonly announcesTotal: boolean
  /** Numbers of a page; `pageSize` if it is not given. */
  readonly size?: number | undefined
}

export function queueIdOf(id: number): string {
  return `pdl-${id}`
}

/** A row as the API writes it. */
export function rowAsAnswered(row: Row) {
  const { call_start_date, call_id, routing_result }: Partial<Record<string, unknown>> =
    callSteps[row.call] ?? {}
  return {
    position: row.position,
    number_to: numberOf(row),
    created_at: createdAtOf(row),
    updated_at: instantOf(2_000 + row.call + 10 * (row.touched ?? 0)),
    call_start_date: call_start_date ? instantOf(4_000) : null,
    call_id: call_id ? `cll-${row.number}-${row.created}` : null,
    routing_result: routing_result ?? null,
    sync_status: 'NOT_SYNCED',
  }
}

export const numberOf = ({ number }: Name) => `+1212555${String(number).padStart(4, '0')}`
export const createdAtOf = ({ created }: Name) => instantOf(created)

/** A naive timestamp, as Allo writes it. */
function instantOf(second: number): string {
  return new Date(Date.UTC(2026, 3, 30) + second * 1000).toISOString().slice(0, 19)
}

/** One text per name, and one per row. */
export const nameText = ({ number, created }: Name) => `${number}${"'".repeat(created)}`
export const rowText = (row: Row) =>
  `${nameText(row)}@${row.position}${'.'.repeat(row.call)}${'*'.repeat(row.touched ?? 0)}`

/** One text per view. A dot stands for a step of a call, `'` for a time that a number was added again, `*` for a touch. */
export function viewText(view: View): string {
  return view.kind === 'queue'
    ? `${queueIdOf(view.queue.id)} [${view.queue.rows.map(rowText).join(' ')}]`
    : view.kind
}

/** One text per model, which tells all models apart. */
export function modelText({ queues, team }: Model): string {
  const each = queues.map(
    ({ id, holder, rows, left }) =>
      `${id}${holder}${rows.map(rowText)}${left === null ? '' : `-${nameText(left)}`}`,
  )
  return `${team}|${each.join('|')}`
}
