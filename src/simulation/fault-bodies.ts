import type { AlloRequest, Answer } from './answers.ts'
import type { FaultDetails } from './fault-refusals.ts'

interface BodyFaultContext {
  readonly request: AlloRequest
  plain(request: AlloRequest): Answer
  readonly details: FaultDetails
}

/** Gets its own copy of the body and may change it. Null: there was nothing to change. */
type BodyFault = (body: unknown, context: BodyFaultContext) => unknown

export type BodyFaultKind = keyof typeof BODY_FAULTS

/** Faults in the body of a successful response. */
export const BODY_FAULTS = {
  endless_pages: (body, { request, plain, details }) => {
    const page = request.endpoint === 'queue' ? asPage(body) : null
    if (!page) return null
    const total = Number(page.pagination.total_pages)
    if (details.show === 'same' && total > 0 && request.pageQuery.page > total) {
      const last = plain({ ...request, pageQuery: { ...request.pageQuery, page: total } }).body
      page.data = asPage(structuredClone(last))?.data ?? []
    }
    page.pagination.has_more = true
    return page
  },
  has_more_missing: inPage(({ pagination }) => delete pagination.has_more),
  pagination_missing: inPage((page) => Reflect.deleteProperty(page, 'pagination')),
  total_count_missing: inPage(({ pagination }) => delete pagination.total_count),
  total_count_wrong: inPage(({ pagination }) => {
    pagination.total_count = Number(pagination.total_count) + 1
  }),
  queue_missing: inPage((page) => (page.queue ? delete page.queue : NOTHING)),
  duplicate_positions: inPage(({ data: [first, second] }) =>
    first && second ? Object.assign(second, { position: first.position }) : NOTHING,
  ),
  /** Applied to every page, it makes a legal queue with gaps between positions. */
  position_gaps: inRows((row) => Object.assign(row, { position: Number(row.position) * 10 })),
  duplicated_row: inPage(({ data }) => {
    const last = data.at(-1)
    return last ? data.push({ ...last }) : NOTHING
  }),
  lost_row: inPage(({ data }) => (data.length > 0 ? data.splice(data.length >> 1, 1) : NOTHING)),
  unknown_fields: (body, context) =>
    inPage(({ data, queue, pagination }) => {
      for (const row of data)
        Object.assign(row, { call_status: 'QUEUED', scoring: { model: 'v3', score: 0.5 } })
      Object.assign(pagination, { next_cursor: 'b3BhcXVl' })
      if (queue) Object.assign(queue, { campaign_id: 'cmp-1', tags: ['a', 'b'] })
    })(body, context) ?? inUsers((user) => Object.assign(user, { time_zone: 'Europe/Paris' }))(body, context),
  unknown_values: (body, context) =>
    inPage(({ data, queue }) => {
      for (const row of data) Object.assign(row, { sync_status: 'DEFERRED' })
      if (data[0]) Object.assign(data[0], { routing_result: 'ANSWERED_BY_ASSISTANT' })
      if (data[1]) Object.assign(data[1], { not_reached_destination_reason: 'OUT_OF_RANGE' })
      if (queue) Object.assign(queue, { voicemail_handling: 'ASK', do_not_disturb: 'SCHEDULED' })
    })(body, context) ?? inUsers((user) => Object.assign(user, { role: 'OBSERVER' }))(body, context),
  /** Only the indispensable fields are left. */
  missing_fields: (body, context) =>
    inPage((page) => {
      page.data = page.data.map(({ position }) => ({ position }))
      if (page.queue) page.queue = { id: page.queue.id }
      page.pagination = { has_more: page.pagination.has_more }
    })(body, context) ??
    inUsers((user) => {
      for (const field of Object.keys(user)) if (field !== 'id') delete user[field]
    })(body, context),
  null_assignee: inPage(({ queue }) => (queue ? Object.assign(queue, { assignee_id: null }) : NOTHING)),
  null_number: inFirstRow((row) => Object.assign(row, { number_to: null })),
  wrong_types: inRows((row) =>
    Object.assign(row, {
      position: String(row.position),
      voicemail_left: 'false',
      detected_outbound_voicemail: 'true',
    }),
  ),
  nul_in_text: strangeText('\u0000'),
  lone_surrogate: strangeText('\ud800'),
  absurd_timestamps: inPage(({ data, queue }) => {
    for (const [index, row] of data.entries()) {
      const absurd = ABSURD_TIMESTAMPS[index % ABSURD_TIMESTAMPS.length]
      Object.assign(row, { created_at: absurd, updated_at: absurd, call_start_date: absurd })
    }
    if (queue) Object.assign(queue, { created_at: 'soon', updated_at: '+275760-09-13T00:00:01' })
  }),
  underscore_ids: inPage(({ queue }) => {
    if (!queue) return NOTHING
    for (const field of ['assignee_id', 'creator_id']) queue[field] = String(queue[field]).replace('-', '_')
    return true
  }),
  /** The call is there, and its result is not. */
  call_not_ready: inCall((call) => Object.assign(call, { result: null, duration: null })),
  wrong_call: inCall((call) => Object.assign(call, { id: 'cll-of-another-call' })),
  wrong_call_types: inCall((call) => Object.assign(call, { duration: '1:05' })),
  /** The dialled number where the number of the team belongs, and in the tags. */
  call_shows_contact: inCall((call) =>
    Object.assign(call, { allo_number: call.contact_number, tags: [`call ${String(call.contact_number)}`] }),
  ),
  empty_users: (_body, { request }) => (request.endpoint === 'users' ? { data: [] } : null),
  duplicate_user: (body, { request }) => {
    const users = request.endpoint === 'users' ? asUsers(body) : null
    const [first] = users?.data ?? []
    return users && first ? { ...users, data: [...users.data, { ...first }] } : null
  },
  no_team: (body, { request }) => {
    if (request.endpoint !== 'me' || !isRecord(body) || !isRecord(body.data)) return null
    return { data: { ...body.data, team: null } }
  },
} satisfies Record<string, BodyFault>

const ABSURD_TIMESTAMPS = [
  '0000-00-00T00:00:00',
  '9999-12-31T23:59:59',
  '10000-01-01T00:00:00',
  '2026-02-30T10:00:00',
  '2026-04-30T25:61:00',
  'yesterday',
  '',
  '1777543200',
]

type Fields = Record<string, unknown>

interface Page {
  data: Fields[]
  pagination: Fields
  queue?: Fields
}

/** The result of an editor that found nothing to change. */
const NOTHING = null

function inPage(edit: (page: Page) => unknown): BodyFault {
  return (body, { request }) => {
    const page = request.endpoint === 'queue' ? asPage(body) : null
    return page && edit(page) !== NOTHING ? page : null
  }
}

function inRows(edit: (row: Fields) => unknown): BodyFault {
  return inPage(({ data }) => {
    for (const row of data) edit(row)
    return data.length > 0 ? data : NOTHING
  })
}

function inFirstRow(edit: (row: Fields) => unknown): BodyFault {
  return inPage(({ data: [first] }) => (first ? edit(first) : NOTHING))
}

function inUsers(edit: (user: Fields) => unknown): BodyFault {
  return (body, { request }) => {
    const users = request.endpoint === 'users' ? asUsers(body) : null
    for (const user of users?.data ?? []) edit(user)
    return users
  }
}

function inCall(edit: (call: Fields) => unknown): BodyFault {
  return (body, { request }) => {
    if (request.endpoint !== 'call' || !isRecord(body) || !isRecord(body.data)) return null
    edit(body.data)
    return body
  }
}

function strangeText(character: string): BodyFault {
  const inAPage = inPage(({ data: [first], queue }) => {
    if (first) Object.assign(first, { number_to: `${first.number_to}${character}`, note: `a${character}b` })
    if (queue) Object.assign(queue, { name: `Leads ${character} of May` })
    return first || queue ? true : NOTHING
  })
  const inAList = inUsers((user) => Object.assign(user, { name: `${user.name}${character}` }))
  return (body, context) => inAPage(body, context) ?? inAList(body, context)
}

function asPage(body: unknown): Page | null {
  if (!isRecord(body) || !Array.isArray(body.data) || !isRecord(body.pagination)) return null
  const { data, pagination, queue } = body
  return { data: data.filter(isRecord), pagination, ...(isRecord(queue) ? { queue } : {}) }
}

function asUsers(body: unknown): { data: Fields[] } | null {
  return isRecord(body) && Array.isArray(body.data) ? { ...body, data: body.data.filter(isRecord) } : null
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
