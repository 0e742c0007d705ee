/** How many rows a query reads per returned row, and that a longer history does not increase it. */
import { bounded, type Figure, milliseconds } from './figures.ts'
import { type History, type Question, questionsAbout, queueAsOf } from './reporting-questions.ts'
import { type Cost, costOf } from './reporting-scan.ts'

const GROWTH = { atMost: 1.3 }
/** Besides the row itself: its number, the previous version, the next count, and rows that were read and filtered out. */
const READ_PER_ROW = { atMost: 8 }

export interface QuestionCost extends Question {
  readonly cost: Cost
}

export async function costsOf(history: History): Promise<QuestionCost[]> {
  const { reader, owner, subject } = history
  const costs: QuestionCost[] = []
  for (const question of questionsAbout(subject)) {
    costs.push({ ...question, cost: await costOf(reader, question) })
  }
  const asOf = await queueAsOf(history)
  costs.push({ ...asOf, cost: await costOf(owner, asOf) })
  return costs
}

/** The same queries on a short and on a long history. */
export function readFigures(short: readonly QuestionCost[], long: readonly QuestionCost[]): Figure[] {
  const asked = long.map(({ name, bound, isRecent, cost: after }, index): Asked => {
    const before = short[index]?.cost ?? after
    if (isRecent && before.returned !== after.returned)
      throw new Error(`${name} returned ${before.returned} rows, and ${after.returned} of the long history`)
    return { name, bound, before, after }
  })
  return [...mostOf(asked), ...asked.map(figureOf)]
}

interface Asked extends Pick<Question, 'name' | 'bound'> {
  readonly before: Cost
  readonly after: Cost
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

/** At least one, because an empty answer has a cost too. */
function perRow({ read, returned }: Cost): number {
  return Math.max(read, 1) / Math.max(returned, 1)
}
