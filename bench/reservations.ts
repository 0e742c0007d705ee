/** The cost of one request slot of the shared read budget in the database. */
import { openReadBudget } from '../src/store/pass/read-budget.ts'
import { bounded, type Figure } from './figures.ts'
import { type Lab, walPosition } from './lab.ts'
import { median, timed } from './measure.ts'

const NO_SPACING_MS = 0.001

export async function benchReservations(
  lab: Lab,
  { isQuick }: { readonly isQuick: boolean },
): Promise<Figure[]> {
  return lab.withDatabase(async ({ url, pool }) => {
    const budget = await openReadBudget(url, 'bench')
    try {
      const reservations = isQuick ? 500 : 3000
      const durations: number[] = []
      const walBefore = await walPosition(pool)
      for (let made = 0; made < reservations; made += 1) {
        durations.push(await timed(() => budget.reserve(NO_SPACING_MS)))
      }
      const walBytes = ((await walPosition(pool)) - walBefore) / reservations
      return [
        bounded('a reservation', median(durations), null, { unit: ' ms' }),
        bounded('  WAL it writes', walBytes, null, { unit: ' B', digits: 0 }),
      ]
    } finally {
      await budget.close()
    }
  })
}
