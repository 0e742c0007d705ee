/** `takeSnapshot` of the library, against the simulated Allo of the library. */
import { inspect } from 'node:util'
import undici from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Fetch, MirrorFailure, type SnapshotOptions, takeSnapshot } from '../src/library/index.ts'
import { type Simulation, startSimulation } from '../src/simulation/index.ts'

let simulation: Simulation
let allo: SnapshotOptions
beforeEach(async () => {
  simulation = await startSimulation({
    teammates: 3,
    withoutQueue: 1,
    numbersPerQueue: 120,
    readsPerSecond: null,
  })
  allo = { apiKey: simulation.apiKey, baseUrl: simulation.url, readsPerSecond: 'unlimited' }
})
afterEach(() => simulation.close())

const idOf = (index: number) => simulation.teammates()[index]?.id ?? ''

async function failureOf(work: Promise<unknown>): Promise<MirrorFailure> {
  const error = await work.then(
    () => null,
    (error: unknown) => error,
  )
  if (error instanceof MirrorFailure) return error
  throw new Error(`no MirrorFailure but ${inspect(error)}`)
}

describe('takeSnapshot', () => {
  test('resolves with every number of the queue, in order', async () => {
    const read = await takeSnapshot(allo, idOf(0))
    if (read.kind !== 'queue') throw new Error(read.kind)
    const shown = simulation.currentQueue(idOf(0))
    expect(read.queue.id).toBe(shown?.queue.id)
    expect(read.numbers.map(({ numberTo }) => numberTo)).toEqual(
      shown?.rows().map(({ number_to }) => number_to),
    )
    expect(Date.parse(read.readStartedAt)).toBeLessThanOrEqual(Date.parse(read.observedAt))
  })

  test('tells a teammate without a queue from one who is not on the team', async () => {
    expect(await takeSnapshot(allo, idOf(2))).toMatchObject({ kind: 'no_queue' })
    expect(await takeSnapshot(allo, 'usr-unknown')).toMatchObject({ kind: 'not_found' })
  })

  test('sends every request through the given fetch: a GET that follows no redirect', async () => {
    const sent: unknown[] = []
    const fetch: Fetch = (url, init) => {
      sent.push([new URL(url).pathname, init.method, init.redirect])
      return globalThis.fetch(url, init)
    }
    await takeSnapshot({ ...allo, fetch }, idOf(0))
    expect(sent).toEqual(Array(4).fill(['/v2/api/dialing-queues/current', 'GET', 'manual']))
    expect(simulation.requestCount()).toBe(4)
  })

  test('accepts the fetch of undici', async () => {
    expect(await takeSnapshot({ ...allo, fetch: undici.fetch }, idOf(0))).toMatchObject({ kind: 'queue' })
  })

  test('takes a body that fetch has decoded', async () => {
    const fetch: Fetch = async (url, init) => {
      const answer = await globalThis.fetch(url, init)
      return new Response(answer.body, { headers: { 'content-encoding': 'gzip' } })
    }
    expect(await takeSnapshot({ ...allo, fetch }, idOf(0))).toMatchObject({ kind: 'queue' })
  })

  test('rejects a queue that changes during every reading', async () => {
    const fetch: Fetch = async (url, init) => {
      simulation.apply({ type: 'append', userId: idOf(0) })
      return globalThis.fetch(url, init)
    }
    const failure = await failureOf(takeSnapshot({ ...allo, fetch }, idOf(0)))
    expect(failure).toMatchObject({ code: 'torn', retryable: true })
  })

  test.each([
    ['missing_scope', 'API_KEY_INSUFFICIENT_SCOPE'],
    ['key_invalid', 'API_KEY_INVALID'],
    ['wrong_owner', 'wrong_owner'],
    ['queue_missing', 'surprised'],
    ['not_found_html', 'surprised'],
  ] as const)('rejects a response with the fault %s', async (kind, code) => {
    simulation.addFault(kind)
    const failure = await failureOf(takeSnapshot(allo, idOf(1)))
    expect(failure).toMatchObject({ code, retryable: false })
  })

  test('waits after a 429 and asks again', async () => {
    const fault = simulation.addFault({ kind: 'rate_limited', times: 1, retryAfterSeconds: 0.05 })
    expect(await takeSnapshot(allo, idOf(0))).toMatchObject({ kind: 'queue' })
    expect(fault.injected()).toBe(1)
  })

  test('names the options that can not be used, and sends nothing', async () => {
    const failure = await failureOf(
      takeSnapshot({ apiKey: 'a key', baseUrl: 'http://example.com', readsPerSecond: 0 }, 'usr-1'),
    )
    expect(failure.code).toBe('configuration')
    expect(failure.message).toMatch(/apiKey: .*\n {2}baseUrl: .*\n {2}readsPerSecond: /)
    expect((await failureOf(takeSnapshot({} as SnapshotOptions, 'usr-1'))).message).toContain('apiKey: ')
    expect((await failureOf(takeSnapshot(allo, ' '))).code).toBe('usage')
    expect((await failureOf(takeSnapshot(allo, undefined as unknown as string))).code).toBe('usage')
    expect(simulation.requestCount()).toBe(0)
  })

  test('rejects with the reason of an aborted signal', async () => {
    const reason = new Error('enough')
    const stop = new AbortController()
    simulation.addFault('no_answer')
    const read = takeSnapshot({ ...allo, signal: stop.signal }, idOf(0))
    stop.abort(reason)
    await expect(read).rejects.toBe(reason)
    await expect(takeSnapshot({ ...allo, signal: stop.signal }, idOf(0))).rejects.toBe(reason)
  })

  test('never puts the key into an error, whatever fetch throws', async () => {
    const { apiKey } = simulation
    const fetch: Fetch = async (_, { headers }) => {
      throw Object.assign(new Error(`refused ${JSON.stringify(headers)}`), {
        headers,
        code: 'UND_ERR_INVALID_ARG',
      })
    }
    const failure = await failureOf(takeSnapshot({ ...allo, fetch }, idOf(0)))
    expect(failure).toMatchObject({ code: 'UND_ERR_INVALID_ARG' })
    expect(inspect(failure, { depth: 9, showHidden: true }) + failure.stack).not.toContain(apiKey)
  })
})

test('all snapshots with one key share its budget', async () => {
  const startedAt = performance.now()
  const paced = { ...allo, readsPerSecond: 10 }
  await Promise.all([1, 2, 3, 4, 5].map(() => takeSnapshot(paced, idOf(2))))
  // The first request is sent at once, and each other a tenth of a second after the one before.
  expect(performance.now() - startedAt).toBeGreaterThan(395)
})
