import { type AlloRequest, type Answer, noQueue, olderForm, type QueuePageQuery } from './answers.ts'
import { BODY_FAULTS, type BodyFaultKind } from './fault-bodies.ts'
import { type FaultDetails, REFUSALS, type RefusalKind } from './fault-refusals.ts'
import { createRandom, type Random } from './random.ts'
import type { TimestampStyle } from './timestamps.ts'
import type { World } from './world.ts'

/** Faults on demand. Several at once are combined. Of those that replace the response, the first added one is used. */
export interface Faults {
  /** Active until it is removed, or has happened `times` times. */
  add(fault: Fault | FaultKind): ActiveFault
  /** From now on requests fail at random with one of `kinds`. */
  chaos(options: Chaos): ActiveFault
  /** Removes all faults; the counts stay. */
  clear(): void
  /** How many times each kind happened. */
  injected(): Partial<Record<FaultKind, number>>
  /** For the server: the response to this request with the due faults applied. */
  answer(request: AlloRequest, context: FaultContext): Answer
}

export interface Fault extends FaultDetails {
  readonly kind: FaultKind
  /** Only at this endpoint. Without it, each kind affects the endpoints where it makes sense. */
  readonly endpoint?: AlloRequest['endpoint']
  /** Only for requests of this teammate's queue. */
  readonly userId?: string
  /** Only on this page. */
  readonly page?: number
  readonly probability?: number
  /** Happens this many times. */
  readonly times?: number
}

export type FaultKind = RefusalKind | BodyFaultKind | keyof typeof VIEW_FAULTS | keyof typeof TEXT_FAULTS

export interface Chaos {
  readonly seed: number | string
  /** Of each request (0 to 1). */
  readonly probability: number
  readonly kinds: readonly FaultKind[]
}

export interface ActiveFault {
  injected(): number
  remove(): void
}

export interface FaultContext {
  /** The correct response. */
  plain(request: AlloRequest): Answer
  readonly world: World
  readonly style: TimestampStyle
}

/** Retryable faults. `no_answer` is retryable too, but costs the client its whole timeout. */
export const TRANSIENT_FAULTS: readonly FaultKind[] = [
  'rate_limited',
  'server_error',
  'bad_gateway_html',
  'unavailable_empty',
  'conflict',
  'connection_reset',
  'cut_off',
  'truncated_json',
  'empty_body',
]

interface Source {
  due(): Fault | null
  happened(): void
}

export function createFaults(random: Random): Faults {
  const counts: Partial<Record<FaultKind, number>> = {}
  const sources = new Set<Source>()

  function activate(due: () => Fault | null, times = Number.POSITIVE_INFINITY): ActiveFault {
    let injected = 0
    const source: Source = {
      due,
      happened: () => {
        injected += 1
        if (injected >= times) sources.delete(source)
      },
    }
    if (times > 0) sources.add(source)
    return { injected: () => injected, remove: () => sources.delete(source) }
  }

  function add(given: Fault | FaultKind): ActiveFault {
    const fault = typeof given === 'string' ? { kind: given } : given
    return activate(() => (random.chance(fault.probability ?? 1) ? fault : null), fault.times)
  }

  function chaos({ seed, probability, kinds }: Chaos): ActiveFault {
    const dice = createRandom(seed)
    return activate(() => (dice.chance(probability) ? { kind: dice.pick(kinds) } : null))
  }

  function answer(request: AlloRequest, context: FaultContext): Answer {
    const due = [...sources].flatMap((source) => {
      const fault = source.due()
      return fault && concerns(fault, request) ? [{ source, fault }] : []
    })
    if (due.length === 0) return context.plain(request)
    const happened = ({ source, fault }: { source: Source; fault: Fault }) => {
      source.happened()
      counts[fault.kind] = (counts[fault.kind] ?? 0) + 1
    }
    for (const one of due) {
      const { kind } = one.fault
      if (!isOf(REFUSALS, kind)) continue
      happened(one)
      return REFUSALS[kind](one.fault)
    }
    let spoilt = context.plain(request)
    // Apply views first, because other faults can change their response.
    for (const apply of [applyView, applyBody, applyText]) {
      for (const one of due) {
        const changed = apply(one.fault, spoilt, request, context)
        if (changed) {
          spoilt = changed
          happened(one)
        }
      }
    }
    return spoilt
  }

  return { add, chaos, clear: () => sources.clear(), injected: () => ({ ...counts }), answer }
}

function concerns(fault: Fault, { endpoint, pageQuery }: AlloRequest): boolean {
  if (fault.endpoint !== undefined && fault.endpoint !== endpoint) return false
  if (fault.userId !== undefined && (endpoint !== 'queue' || fault.userId !== pageQuery.userId)) return false
  return fault.page === undefined || fault.page === pageQuery.page
}

/** Each returns the changed response, or null if it has nothing to change. */
type Apply = (fault: Fault, answer: Answer, request: AlloRequest, context: FaultContext) => Answer | null

/** The server answers another request than the one sent. */
const VIEW_FAULTS = {
  wrong_owner: (query, { plainPage }) => plainPage({ ...query, userId: null, email: null }),
  repeated_page: (query, { plainPage }) =>
    query.page > 1 ? plainPage({ ...query, page: query.page - 1 }) : null,
  odd_no_queue: noQueue,
  older_form: (query, { world, style }) => olderForm(world, query, style),
} satisfies Record<string, ViewFault>

type ViewFault = (
  query: QueuePageQuery,
  context: FaultContext & { readonly plainPage: (query: QueuePageQuery) => Answer },
) => Answer | null

const applyView: Apply = ({ kind }, answer, request, context) => {
  if (!isOf(VIEW_FAULTS, kind) || request.endpoint !== 'queue' || answer.status !== 200) return null
  const view: ViewFault = VIEW_FAULTS[kind]
  const plainPage = (pageQuery: QueuePageQuery) => context.plain({ ...request, pageQuery })
  return view(request.pageQuery, { ...context, plainPage })
}

const applyBody: Apply = (fault, answer, request, { plain }) => {
  const { kind } = fault
  if (!isOf(BODY_FAULTS, kind) || answer.status !== 200) return null
  const body = BODY_FAULTS[kind](structuredClone(answer.body), { request, plain, details: fault })
  return body === null ? null : { ...answer, body }
}

/** The correct response, changed on its way. */
const TEXT_FAULTS = {
  cut_off: () => ({ wire: 'cut_off' }),
  empty_body: () => ({ raw: { text: '', contentType: 'application/json' } }),
  invalid_json: () => ({ raw: { text: `{"data": [ undefined`, contentType: 'application/json' } }),
  truncated_json: ({ body }) => {
    const whole = JSON.stringify(body)
    return {
      raw: { text: whole.slice(0, Math.floor(whole.length * 0.6)), contentType: 'application/json' },
    }
  },
} satisfies Record<string, (answer: Answer) => Pick<Answer, 'raw' | 'wire'>>

const applyText: Apply = ({ kind }, answer) =>
  isOf(TEXT_FAULTS, kind) && answer.status === 200 ? { ...answer, ...TEXT_FAULTS[kind](answer) } : null

function isOf<Faults extends object>(faults: Faults, kind: string): kind is keyof Faults & string {
  return Object.hasOwn(faults, kind)
}
