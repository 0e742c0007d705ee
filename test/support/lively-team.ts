import { letTimePass } from './letting-time-pass.ts'
import type { Stage, StageOptions } from './stage.ts'

/** For `mirrorLivelyTeam`. */
export const livelyTeam = {
  calledBefore: 0.4,
  teammates: 4,
  withoutQueue: 1,
  numbersPerQueue: 30,
} satisfies StageOptions['world']

/** A queue that was reset, one that lost a number and one in which calls continue: read in three passes. */
export async function mirrorLivelyTeam(stage: Stage): Promise<void> {
  const [first = '', second = '', third = ''] = stage.ids
  await stage.pass()
  stage.apply({ type: 'remove_positions', userId: first, positions: [20], renumber: true })
  for (let position = 12; position < 20; position += 1) stage.apply({ type: 'dial', userId: first, position })
  stage.apply(
    { type: 'reset', userId: second, fill: 10 },
    { type: 'settings', userId: third, settings: { name: 'New' } },
  )
  await stage.pass()
  await stage.pass()
  stage.letTheApiLie()
}

/** After `mirrorLivelyTeam`: the details of its calls are asked for, of which Allo loses some. */
export async function askForCalls(
  stage: Stage,
  { lost, conversionTags }: { readonly lost: number; readonly conversionTags: readonly string[] | null },
): Promise<void> {
  await letTimePass(stage.database.pool, '10 minutes', { sourceStays: true })
  await stage.sql(
    `insert into allo.settings (conversion_tags) values ($1)
     on conflict (is_only) do update set conversion_tags = excluded.conversion_tags`,
    [conversionTags],
  )
  stage.simulated.faults.add({ kind: 'call_not_found', endpoint: 'call', times: lost })
  await stage.askCalls()
}
