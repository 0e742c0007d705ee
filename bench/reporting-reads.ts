/** How many rows a question reads for each one it returns, and that a long history does not make it more. */
import { bounded, type Figure, milliseconds } from './figures.ts'
import { type History, type Question, questionsAbout } from './reporting-questions.ts'
import { type Cost, costOf } from './reporting-scan.ts'

const GROWTH = { atMost: 1.3 }
/** Beside the row itself: its number, the version before, the next count; and what was looked at and is not meant. */
const READ_PER_ROW = { atMost: 8 }

export async function benchReads(short: History, long: History): Promise<Figure[]> {
  const sameOfLong = questionsAbout(long.subject)
  const asked: Asked[] = []
  for (const [index, question] of questionsAbout(short.subject).entries()) {
    const before = await costOf(short.reader, question)
    const after = await costOf(long.reader, sameOfLong[index] ?? question)
    if (question.isRecent && before.returned !== after.returned)
      throw new Error(
        `${question.name} returned ${before.returned} rows, and ${after.returned} of the long history`,
      )
    asked.push({ ...question, before, after })
  }
  asked.push({
    name: 'queue_as_of',
    bound: 'rows',
    before: await costOfAsOf(short),
    after: await costOfAsOf(long),
  })
  return [...mostOf(asked), ...asked.map(figureOf)]
}

interface Asked extends Pick<Question, 'name' | 'bound'> {
  readonly before: Cost
  readonly after: Cost
}

/** The function shows only that it was called: its body is asked, planned as it is for a reader. */
async function costOfAsOf({ owner, subject }: History): Promise<Cost> {
  const { rows } = await owner.query<{ sql: string }>(
    `select prosrc as sql from pg_proc where oid = 'reporting.queue_as_of'::regproc`,
  )
  return costOf(owner, { sql: rows[0]?.sql ?? '', values: [subject.userId, subject.asOf] })
}

function mostOf(asked: readonly Asked[]): Figure[] {
  const most = (those: readonly Asked[], measure: (one: Asked) => number) =>
    those.reduce((dearest, one) => (measure(one) > measure(dearest) ? one : dearest), those[0] ?? noOne)
  const grown = most(
    asked.filter(({ bound }) => bound !== null),
    growthOf,
  )
  const dearest = most(
    asked.filter(({ bound }) => bound === 'rows'),
    ({ after }) => perRow(after),
  )
  return [
    bounded('rows read for one returned: most, unless it adds up', perRow(dearest.after), READ_PER_ROW, {
      digits: 1,
      detail: dearest.name,
    }),
    bounded('  growth from 110 days to three years', growthOf(grown), GROWTH, {
      unit: ' ×',
      detail: grown.name,
    }),
  ]
}

const nothing: Cost = { read: 0, returned: 0, ms: 0 }
const noOne: Asked = { name: '', bound: null, before: nothing, after: nothing }

function figureOf(one: Asked): Figure {
  const { read, returned, ms } = one.after
  const whole = (rows: number) => Math.round(rows).toLocaleString('en')
  const detail = `${whole(read)} ÷ ${whole(returned)} = ${perRow(one.after).toFixed(1)}, ${milliseconds(ms)}`
  return bounded(`  ${one.name}`, growthOf(one), one.bound === null ? null : GROWTH, { unit: ' ×', detail })
}

function growthOf({ before, after }: Asked): number {
  return perRow(after) / perRow(before)
}

/** One at least: an empty answer has its price, too. */
function perRow({ read, returned }: Cost): number {
  return Math.max(read, 1) / Math.max(returned, 1)
}
