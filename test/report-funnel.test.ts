/** From dials to conversations on the page: compared with view funnel, and what it says when details are not known. */
import { expect, test } from 'vitest'
import { noPeriod, usualFilters } from '../src/report/filters.ts'
import { reportPage } from '../src/report/page/page.ts'
import { type Figures, type Report, takeReport } from '../src/report/report.ts'
import { askForCalls, livelyTeam, mirrorLivelyTeam } from './support/lively-team.ts'
import { readView } from './support/reporting-views.ts'
import { type Stage, useStages } from './support/stage.ts'

const openStage = useStages()
const tags = ['meeting BOOKED', 'Interested']

async function dialled(): Promise<Stage> {
  const stage = await openStage({ world: { ...livelyTeam, seed: 'calls', numbersPerQueue: 60 } })
  await mirrorLivelyTeam(stage)
  return stage
}

async function withCalls(
  stage: Stage,
  asked: { readonly lost: number; readonly conversionTags: readonly string[] | null },
): Promise<Stage> {
  await askForCalls(stage, asked)
  // So that all dials are before the last reading.
  await stage.pass()
  return stage
}

type Row = Readonly<Record<string, number | string | null>>

const viewOf = ({ database, world }: Stage, name: string) =>
  readView<Row>(database.pool, `reporting.${name}`, world.team.id)

/** Of all days with a dial. */
async function reportOf(stage: Stage, asked = {}): Promise<Report & { figures: Figures }> {
  const days = (await viewOf(stage, 'funnel'))
    .filter(({ dials }) => dials !== 0)
    .map(({ day }) => String(day))
  const [from = '', to = ''] = [days.toSorted()[0], days.toSorted().at(-1)]
  const filters = { ...usualFilters, ...noPeriod, from, to, ...asked }
  const { team, pool } = { team: stage.world.team.id, pool: stage.database.pool }
  const report = await takeReport(pool, { teamId: team, filters, statementTimeoutMs: 30_000 })
  if (report.figures === null) throw new Error('this team was read')
  return { ...report, figures: report.figures }
}

/** The section, as text. */
function sectionOf(report: Report): string {
  const page = reportPage(report, { links: null, version: 'test' })
  const section = /<section aria-labelledby="funnel">([\s\S]*?)<\/section>/.exec(page)?.[1] ?? ''
  return section
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('\u00a0', ' ')
    .replaceAll(/\s+/g, ' ')
}

const sum = (rows: readonly Row[], column: string) =>
  rows.reduce((total, row) => total + Number(row[column] ?? 0), 0)

test('all teammates, each of them and a queue have the calls of views funnel and calls, and the page says so in words', async () => {
  const stage = await withCalls(await dialled(), { lost: 7, conversionTags: tags })
  const report = await reportOf(stage)
  const { funnel, people } = report.figures
  const rows = await viewOf(stage, 'funnel')
  const expected = (of: readonly Row[]) => ({
    dials: sum(of, 'dials'),
    answered: sum(of, 'connected'),
    known: sum(of, 'connected_known'),
    conversations: sum(of, 'conversations'),
    conversions: sum(of, 'conversions'),
    menus: sum(of, 'phone_menus'),
    talkSeconds: sum(of, 'talk_seconds'),
  })
  for (const { userId, dials, connected } of [{ userId: null, ...people.total }, ...people.teammates]) {
    const calls = userId === null ? funnel.total : funnel.teammates.find((one) => one.userId === userId)
    const found = {
      dials,
      answered: connected.part,
      known: calls?.known ?? 0,
      conversations: calls?.conversations.part ?? 0,
      conversions: calls?.conversions?.part ?? 0,
      menus: calls?.phoneMenus ?? 0,
      talkSeconds: calls?.talkSeconds ?? 0,
    }
    expect([userId, found]).toEqual([
      userId,
      expected(rows.filter(({ user_id }) => userId === null || user_id === userId)),
    ])
  }
  expect(funnel.total.known).toBeGreaterThan(10)
  const answered = (await viewOf(stage, 'calls')).filter(({ is_connected }) => is_connected)
  const seconds = answered
    .filter(({ details_state }) => details_state === 'known')
    .map(({ talk_seconds }) => Number(talk_seconds))
    .toSorted((a, b) => a - b)
  const middle = (seconds.length - 1) / 2
  expect(funnel.total.medianTalkSeconds).toBeCloseTo(
    ((seconds[Math.floor(middle)] ?? 0) + (seconds[Math.ceil(middle)] ?? 0)) / 2,
  )
  const inState = (state: string) => answered.filter(({ details_state }) => details_state === state).length
  expect([funnel.total.waiting, funnel.total.givenUp]).toEqual([inState('waiting'), inState('given_up')])
  expect(inState('waiting')).toBeGreaterThan(0)

  const queue = String(answered[0]?.queue_id)
  const ofQueue = (await reportOf(stage, { queue })).figures.funnel.total
  const knownOfQueue = answered.filter(
    ({ queue_id, details_state }) => queue_id === queue && details_state === 'known',
  )
  expect(ofQueue.known).toBe(knownOfQueue.length)

  const { known, conversations, conversions, waiting } = funnel.total
  const text = sectionOf(report)
  expect(text).toContain(
    `Of ${known} answered dials whose details are known, ${conversations.part} became a conversation`,
  )
  expect(text).toContain(`and ${conversions?.part} a conversion`)
  expect(text).toMatch(/People talked for \d+/)
  expect(text).toContain(`${waiting} are still to be asked for`)
})

test('without CONVERSION_TAGS conversions are not known, not 0', async () => {
  const stage = await withCalls(await dialled(), { lost: 0, conversionTags: null })
  const report = await reportOf(stage)
  expect(report.figures.funnel.total.conversions).toBeNull()
  expect(sectionOf(report)).toContain('Conversions are not known: no CONVERSION_TAGS are set.')
})

test('without details of calls the page says why nothing is known, and later that they are still to be asked for', async () => {
  const stage = await dialled()
  const off = sectionOf(await reportOf(stage))
  expect(off).toContain(
    'Not known: of no dial in this time the details were asked for. With CALL_DETAILS=true',
  )
  expect(off).not.toContain('Conversations')
  const later = sectionOf(await reportOf(await withCalls(stage, { lost: 10_000, conversionTags: tags })))
  expect(later).toMatch(
    /Not known yet\. Of (\d+) of \1 answered dials the details are not known: \1 are still/,
  )
  expect(later).not.toContain('conversation of more')
})
