/** One reading, answer by answer. test/proof-readings.fast.test.ts tries every schedule of a small Allo. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { largestWalk } from '../src/allo/limits.ts'
import type { AlloClient, QueueAnswer, QueueNumber } from '../src/allo/types.ts'
import { membershipDigest } from '../src/snapshot/membership.ts'
import type { KnownQueue, Snapshot } from '../src/snapshot/snapshot.ts'
import { takeSnapshot } from '../src/snapshot/take-snapshot.ts'
import { walkQueue } from '../src/snapshot/walk-queue.ts'

describe('a walk', () => {
  test('returns the numbers of all pages in the order of their positions', async () => {
    const { walk, requests } = walkOf([page([2, 0], { total: 4, more: true }), page([3, 1], { total: 4 })])
    expect(await walk).toEqual({
      kind: 'walked',
      queue: queue('q'),
      numbers: numbersAt(0, 1, 2, 3),
      announced: 4,
      pages: 2,
      lastPageStart: 2,
    })
    expect(requests()).toEqual(['usr-1 1', 'usr-1 2'])
  })

  test('returns the queue as the last page shows it', async () => {
    const renamed = { ...queue('q'), name: 'renamed' }
    const { walk } = walkOf([page([0], { total: 2, more: true }), page([1], { total: 2, queue: renamed })])
    expect(await walk).toMatchObject({ queue: renamed })
  })

  test('ends after an empty page, which is no page at which a number could be hidden', async () => {
    const { walk, requests } = walkOf([
      page([0, 1], { total: 2, more: true }),
      page([], { total: 2, more: true }),
    ])
    expect(await walk).toMatchObject({ kind: 'walked', pages: 2, lastPageStart: 0 })
    expect(requests()).toHaveLength(2)
  })

  test.each(['no_queue', 'not_found'] as const)('whose first answer is %s returns that', async (kind) => {
    expect(await walkOf([{ kind, requestId: null }]).walk).toEqual({ kind })
  })

  test.each<[why: string, second: QueueAnswer, numbersRead: number]>([
    ['a later page had no queue', { kind: 'no_queue', requestId: null }, 1],
    ['a later page had no queue', { kind: 'not_found', requestId: null }, 1],
    ['a later page was of another queue', page([1], { total: 2, queue: queue('other') }), 1],
    ['total_count changed between pages', page([1], { total: 3 }), 1],
    ['total_count changed between pages', page([1], { total: null }), 1],
    ['there were more rows than total_count announced', page([1, 2], { total: 2 }), 1],
    ['a position occurred twice', page([0], { total: 2 }), 1],
    ['rows read differ from total_count', page([], { total: 2 }), 1],
  ])('is broken: %s', async (why, second, numbersRead) => {
    const { walk } = walkOf([page([0], { total: 2, more: true }), second])
    expect(await walk).toEqual({ kind: 'broken', why, numbersRead })
  })

  test('without total_count returns what the pages show', async () => {
    const { walk } = walkOf([page([0], { total: null, more: true }), page([1], { total: null })])
    expect(await walk).toMatchObject({ kind: 'walked', numbers: numbersAt(0, 1), announced: null })
  })

  test('of a queue that names no assignee, or writes the id with the other separator, is accepted', async () => {
    for (const assigneeId of [null, 'usr-1', 'usr_1']) {
      expect(await walkOf([page([], { queue: { ...queue('q'), assigneeId } })]).walk).toMatchObject({
        kind: 'walked',
      })
    }
    const { walk } = walkOf([page([], { queue: { ...queue('q'), assigneeId: 'usr-1' } })], 'usr_1')
    expect(await walk).toMatchObject({ kind: 'walked' })
  })

  test.each(['usr-2', 'x_usr-1', 'usr-1-1', 'usr1', 'usr--1', '1-usr', '1_usr'])(
    'of the queue of another teammate is refused: %s',
    async (assigneeId) => {
      const { walk } = walkOf([page([], { queue: { ...queue('q'), assigneeId } })])
      await expect(walk).rejects.toMatchObject({
        code: 'wrong_owner',
        exitCode: 75,
        message: `the API returned queue q of ${assigneeId} when asked for usr-1; nothing was written for them`,
      })
    },
  )

  test.each([
    ['1_a', '1-a'],
    ['1a_b', '1a-b'],
    ['rep-1', 'usr-1'],
  ])('compares only the separator after the prefix of an id: %s is not %s', async (assigneeId, userId) => {
    const { walk } = walkOf([page([], { queue: { ...queue('q'), assigneeId } })], userId)
    await expect(walk).rejects.toMatchObject({ code: 'wrong_owner' })
  })

  test('shows ids from the API without invisible characters', async () => {
    const { walk } = walkOf([page([], { queue: { ...queue('q\u202e'), assigneeId: 'a\u0007b' } })])
    await expect(walk).rejects.toThrow('the API returned queue q  of a b when')
  })

  test('takes a queue of the largest size, and refuses one more number', async () => {
    const full = Array.from({ length: largestWalk.numbers }, (_, position) => position)
    const all = page(full, { total: null, more: true })
    expect(await walkOf([all, page([], { total: null })]).walk).toMatchObject({ kind: 'walked' })
    await expect(walkOf([all, page([-1], { total: null })]).walk).rejects.toMatchObject({
      code: 'queue_too_large',
      message: `its queue has more than ${largestWalk.numbers} numbers`,
    })
  })

  test('takes as many bytes as a queue may have, and refuses one more', async () => {
    const bytes = largestWalk.bytes
    expect(await walkOf([page([0], {})], 'usr-1', { bytes }).walk).toMatchObject({ kind: 'walked' })
    await expect(walkOf([page([0], {})], 'usr-1', { bytes: bytes + 1 }).walk).rejects.toMatchObject({
      code: 'queue_too_large',
      message: `its queue takes more than ${bytes} bytes`,
    })
  })

  test('with as many pages as a queue may have is refused if more are announced', async () => {
    const pages = Array.from({ length: largestWalk.pages + 1 }, (_, position) =>
      page([position], { total: null, more: true }),
    )
    const { walk, requests } = walkOf(pages)
    await expect(walk).rejects.toMatchObject({
      code: 'endless_queue',
      message: `has_more was still true after ${largestWalk.pages} pages`,
    })
    expect(requests()).toHaveLength(largestWalk.pages)
  })
})

describe('a reading', () => {
  test('of a queue that is new and came in one response counts after one walk', async () => {
    expect(await reading([page([0, 1], {})])).toEqual({
      kind: 'queue',
      queue: queue('q'),
      numbers: numbersAt(0, 1),
      announced: 2,
      membershipDigest: membershipDigest(numbersAt(0, 1)),
      readStartedAt: 'time 0 after 0 answers',
      observedAt: 'time 1 after 1 answers',
      walks: 1,
    })
  })

  test.each(['no_queue', 'not_found'] as const)('%s counts after one walk', async (kind) => {
    expect(await reading([{ kind, requestId: null }])).toEqual({
      kind,
      readStartedAt: 'time 0 after 0 answers',
      observedAt: 'time 1 after 1 answers',
      walks: 1,
    })
  })

  test('of several pages of a new queue needs two walks that agree, and starts with the first of them', async () => {
    expect(await reading([...twoPages, ...twoPages])).toMatchObject({
      kind: 'queue',
      readStartedAt: 'time 0 after 0 answers',
      observedAt: 'time 3 after 4 answers',
      walks: 2,
    })
  })

  test('after a broken walk needs two walks that follow each other', async () => {
    const broken = page([0, 0], {})
    expect(await reading([...twoPages, broken, ...twoPages, ...twoPages])).toMatchObject({
      kind: 'queue',
      readStartedAt: 'time 4 after 3 answers',
      walks: 4,
    })
  })

  test('that equals the mirror counts after one walk', async () => {
    const known = knownAs(0, 1)
    expect(await reading(twoPages, { known })).toMatchObject({ kind: 'queue', walks: 1 })
  })

  test('with a number added at the end of the last page counts after one walk', async () => {
    const answers = [page([0, 1], { total: 3, more: true }), page([2], { total: 3 })]
    expect(await reading(answers, { known: knownAs(0) }).catch(noAnswer)).toBe('asked again')
    expect(await reading(answers, { known: knownAs(0, 1) }).catch(noAnswer)).toBe('asked again')
    const longer = [page([0, 1], { total: 4, more: true }), page([2, 3], { total: 4 })]
    expect(await reading(longer, { known: knownAs(0, 1, 2) })).toMatchObject({ kind: 'queue', walks: 1 })
    expect(await reading([page([0, 1], {})], { known: knownAs() })).toMatchObject({ kind: 'queue', walks: 1 })
  })

  test.each([
    ['has other numbers', knownAs(0, 5)],
    ['has more numbers', knownAs(0, 1, 2)],
    ['has fewer and other numbers', knownAs(5)],
  ])('is walked again if the mirror %s, also if it came in one response', async (_, known) => {
    expect(await reading([page([0, 1], {})], { known }).catch(noAnswer)).toBe('asked again')
    expect(await reading([page([0, 1], {}), page([0, 1], {})], { known })).toMatchObject({ walks: 2 })
  })

  test('without total_count counts after one walk only if it came in one response', async () => {
    expect(await reading([page([0], { total: null })])).toMatchObject({ kind: 'queue', walks: 1 })
    const answers = [page([0], { total: null, more: true }), page([1], { total: null })]
    expect(await reading(answers, { known: knownAs(0, 1) }).catch(noAnswer)).toBe('asked again')
    // Even an empty page could have had numbers when the other one was read.
    const [first, last] = [page([0], { total: null, more: true }), page([], { total: null })]
    expect(await reading([first, last]).catch(noAnswer)).toBe('asked again')
  })

  test('asks the mirror for the queue that the walk showed', async () => {
    const asked: string[] = []
    const answers = [page([0], { queue: queue('q-7') })]
    await reading(answers, { asksFor: (queueId) => asked.push(queueId) })
    expect(asked).toEqual(['q-7'])
  })

  test('of two walks that show equal numbers of different queues is no agreement', async () => {
    const of = (id: string) => [
      page([0], { total: 2, more: true, queue: queue(id) }),
      page([1], { total: 2, queue: queue(id) }),
    ]
    expect(await reading([...of('q'), ...of('r'), ...of('q'), ...of('r')])).toEqual({
      kind: 'torn',
      why: 'the queue changed between two walks',
      numbersRead: 2,
      readStartedAt: 'time 0 after 0 answers',
      observedAt: 'time 8 after 8 answers',
      walks: 4,
    })
  })

  test('is torn after four broken walks, and says why the last one was', async () => {
    const broken = page([0], { total: 2 })
    const last = page([0, 1, 1], {})
    expect(await reading([broken, broken, broken, last])).toEqual({
      kind: 'torn',
      why: 'a position occurred twice',
      numbersRead: 2,
      readStartedAt: 'time 0 after 0 answers',
      observedAt: 'time 8 after 4 answers',
      walks: 4,
    })
  })

  test('conceals suppressed numbers before it compares', async () => {
    const conceal = async (numbers: readonly QueueNumber[]) =>
      numbers.map((number) => ({ ...number, numberTo: null }))
    const numbers = await conceal(numbersAt(0, 1))
    const known = { membershipDigest: membershipDigest(numbers), numbers: 2 }
    expect(await reading(twoPages, { known, conceal })).toMatchObject({ walks: 1, numbers })
  })
})

describe('a membership digest', () => {
  const lines = (count: number) =>
    numbersAt(...Array.from({ length: count }, (_, position) => position)).map(
      ({ position, numberTo, createdAt }) => JSON.stringify([position, numberTo, createdAt]),
    )
  const sha256 = (text: string) => createHash('sha256').update(text).digest('base64')

  test.each([0, 1, 499, 500, 501, 1000])('is the SHA-256 of a line for each of %d numbers', (count) => {
    const numbers = numbersAt(...Array.from({ length: count }, (_, position) => position))
    expect(membershipDigest(numbers)).toBe(
      sha256(
        lines(count)
          .map((line) => `${line}\n`)
          .join(''),
      ),
    )
  })

  test('of the first numbers is that of a queue that has only them', () => {
    const numbers = numbersAt(...Array.from({ length: 700 }, (_, position) => position))
    for (const count of [0, 1, 499, 500, 501, 600, 700]) {
      expect(membershipDigest(numbers, count)).toBe(membershipDigest(numbers.slice(0, count)))
    }
  })
})

const twoPages = [page([0], { total: 2, more: true }), page([1], { total: 2 })]

interface PageParts {
  readonly total?: number | null
  readonly more?: boolean
  readonly queue?: ReturnType<typeof queue>
}

function page(positions: readonly number[], parts: PageParts): QueueAnswer {
  const { total = positions.length, more = false, queue: shown = queue('q') } = parts
  const numbers = numbersAt(...positions)
  return { kind: 'page', queue: shown, numbers, totalCount: total, hasMore: more, requestId: null }
}

function queue(id: string) {
  return {
    id,
    name: null as string | null,
    creatorId: null,
    assigneeId: 'usr-1' as string | null,
    voicemailHandling: null,
    doNotDisturb: null,
    createdAt: null,
    updatedAt: null,
    extra: null,
  }
}

function numbersAt(...positions: readonly number[]): QueueNumber[] {
  return positions.map((position) => ({
    position,
    numberTo: `+1212555${position}`,
    createdAt: `2026-04-30T10:00:0${position % 10}Z`,
    updatedAt: null,
    callStartDate: null,
    callId: null,
    routingResult: null,
    syncStatus: null,
    detectedOutboundVoicemail: null,
    notReachedDestinationReason: null,
    voicemailLeft: null,
    extra: null,
  }))
}

function knownAs(...positions: readonly number[]): KnownQueue {
  return { membershipDigest: membershipDigest(numbersAt(...positions)), numbers: positions.length }
}

/** Gives these answers, and then fails. `bytes`: of each answer. */
function scripted(answers: readonly QueueAnswer[], { bytes = 0 } = {}) {
  const requests: string[] = []
  const counts = { requests: 0, throttled: 0, exchangeMs: 0, bytes: 1000 }
  const allo: Pick<AlloClient, 'counts' | 'readQueuePage'> = {
    counts,
    async readQueuePage(userId, number) {
      const answer = answers[requests.length]
      requests.push(`${userId} ${number}`)
      counts.bytes += bytes
      if (answer === undefined) throw new NoAnswer()
      return answer
    },
  }
  return { allo: allo as AlloClient, requests: () => requests }
}

class NoAnswer extends Error {}

function noAnswer(error: unknown): string {
  if (error instanceof NoAnswer) return 'asked again'
  throw error
}

function walkOf(answers: readonly QueueAnswer[], userId = 'usr-1', options = {}) {
  const { allo, requests } = scripted(answers, options)
  return { walk: walkQueue(allo, userId), requests }
}

interface Surroundings {
  readonly known?: KnownQueue | null
  readonly asksFor?: (queueId: string) => void
  readonly conceal?: (numbers: readonly QueueNumber[]) => Promise<readonly QueueNumber[]>
}

function reading(answers: readonly QueueAnswer[], surroundings: Surroundings = {}): Promise<Snapshot> {
  const { known = null, asksFor, conceal = async (numbers) => numbers } = surroundings
  const { allo, requests } = scripted(answers)
  let times = 0
  const sources = {
    allo,
    clock: async () => `time ${times++} after ${requests().length} answers`,
    knownQueue: async (queueId: string) => {
      asksFor?.(queueId)
      return known
    },
    conceal,
  }
  return takeSnapshot(sources, 'usr-1')
}
