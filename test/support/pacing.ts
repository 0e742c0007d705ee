/**
 * Pacers of several processes with one read budget, in fake time. The budget answers slowly now and then, and all
 * processes stall: time leaps, timers ring on the way, and the code that waits for them goes on at the end of the leap.
 */
import fc from 'fast-check'
import { expect, vi } from 'vitest'
import type { createPacer, ReadBudget } from '../../src/allo/pacer.ts'
import { createPrivateReadBudget } from '../../src/allo/private-read-budget.ts'
import { holds } from './properties.ts'

const LAST_MS = 3000
const instants = fc.nat(LAST_MS)
/** On the way to the budget, and back. */
const delays = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ there: 1, back: 1 }) },
  { weight: 1, arbitrary: fc.record({ there: fc.nat(300), back: fc.nat(300) }) },
)

export const pacings = fc.record({
  limit: fc.constantFrom(2, 5, 20),
  processes: fc.array(
    fc.record({
      requests: fc.array(fc.record({ at: instants, count: fc.integer({ min: 1, max: 12 }) }), {
        minLength: 1,
        maxLength: 3,
      }),
      delays: fc.infiniteStream(delays),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  stalls: fc.array(fc.record({ at: instants, ms: fc.nat(1000) }), { maxLength: 3 }),
  /** A 429 of one of the processes. */
  pauses: fc.array(fc.record({ at: instants, ms: fc.integer({ min: 1, max: 2000 }), process: fc.nat(4) }), {
    maxLength: 2,
  }),
})

export type Pacing = typeof pacings extends fc.Arbitrary<infer Value> ? Value : never

/** In fake time. */
export function keepsTheLimit(create: typeof createPacer): Promise<void> {
  return holds(80, pacings, async (pacing) => {
    expect(findTooEarly(await runPacers(create, pacing), pacing)).toEqual([])
  })
}

/** Returns a function that ends it. */
export function useFakeTime(): () => void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], fakeNodeBuiltins: true })
  return () => void vi.useRealTimers()
}

export interface Paced {
  /** In their order. */
  readonly sent: readonly Request[]
  readonly paused: readonly Pause[]
}

interface Request {
  readonly process: number
  readonly at: number
  /** When the budget last answered this process, and what was asked. */
  readonly asked: Asked | undefined
}

interface Asked {
  readonly what: keyof ReadBudget
  readonly at: number
}

interface Pause {
  readonly process: number
  /** When the process got the 429, and when the budget recorded it. */
  readonly at: number
  readonly recordedAt: number
  readonly ms: number
}

/** Until every request was sent. */
export async function runPacers(create: typeof createPacer, pacing: Pacing): Promise<Paced> {
  vi.clearAllTimers()
  const shared = createPrivateReadBudget()
  const paced = { sent: [] as Request[], paused: [] as Pause[] }
  const pacers = pacing.processes.map(({ requests, delays }, process) => {
    const { budget, lastAsked } = slowBudget(shared, delays, (pause) =>
      paced.paused.push({ process, ...pause }),
    )
    const readsPerSecond = pacing.limit * 0.9
    const pacer = create({ budget, readsPerSecond, maxThrottledMs: Number.POSITIVE_INFINITY })
    const send = () =>
      pacer.turn().then(() => paced.sent.push({ process, at: performance.now(), asked: lastAsked() }))
    for (const { at, count } of requests) setTimeout(() => Array.from({ length: count }, send), at)
    return pacer
  })
  for (const { at, ms, process } of pacing.pauses) {
    setTimeout(() => void pacers[process % pacers.length]?.pause(ms), at)
  }
  await letTimePass(pacing.stalls)
  return paced
}

/** Until nothing waits for it. */
async function letTimePass(stalls: Pacing['stalls']): Promise<void> {
  const startedAt = performance.now()
  const waiting = stalls.toSorted((one, other) => one.at - other.at)
  while (vi.getTimerCount() > 0) {
    vi.advanceTimersToNextTimer()
    await goOn()
    while (performance.now() - startedAt >= (waiting[0]?.at ?? Number.POSITIVE_INFINITY)) {
      vi.advanceTimersByTime(waiting.shift()?.ms ?? 0)
      await goOn()
    }
  }
}

/** Lets all code go on that waits for what has happened. */
async function goOn(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve()
}

/** The way of one process to the shared budget. */
function slowBudget(
  shared: ReadBudget,
  delays: Pacing['processes'][number]['delays'],
  onPause: (pause: Omit<Pause, 'process'>) => void,
): { readonly budget: ReadBudget; readonly lastAsked: () => Asked | undefined } {
  let asked: Asked | undefined
  const ask = <T>(what: Asked['what'], answer: () => Promise<T>): Promise<T> =>
    new Promise((resolve) => {
      const { there, back } = delays.next().value
      setTimeout(() => {
        asked = { what, at: performance.now() }
        const answered = answer()
        setTimeout(() => resolve(answered), back)
      }, there)
    })
  return {
    lastAsked: () => asked,
    budget: {
      reserve: (ms) => ask('reserve', () => shared.reserve(ms)),
      pausedMs: () => ask('pausedMs', () => shared.pausedMs()),
      pause(ms) {
        const at = performance.now()
        return ask('pause', () => {
          onPause({ at, recordedAt: performance.now(), ms })
          return shared.pause(ms)
        })
      },
    },
  }
}

/** Sentences about requests that were sent too early. */
function findTooEarly({ sent, paused }: Paced, { limit }: Pick<Pacing, 'limit'>): string[] {
  const times = sent.map(({ at }) => at).sort((one, other) => one - other)
  const crowded = times.flatMap((at, index) => {
    const later = times[index + limit]
    return later !== undefined && later - at < 1000 ? [`${limit + 1} requests in ${later - at} ms`] : []
  })
  const unasked = sent.filter(({ asked }) => asked?.what !== 'pausedMs')
  return [
    ...crowded,
    ...unasked.map(({ at }) => `at ${at}, without asking for a pause since its slot was reserved`),
    ...sent.flatMap((request) =>
      paused
        .filter((pause) => isWithin(request, pause))
        .map(({ at }) => `at ${request.at}, in the pause of ${at}`),
    ),
  ]
}

/** And the process knew it: it started the pause, or the budget had recorded it when the process asked. */
function isWithin({ process, at, asked }: Request, pause: Pause): boolean {
  if (at >= pause.recordedAt + pause.ms) return false
  return process === pause.process ? at > pause.at : (asked?.at ?? 0) > pause.recordedAt
}
