import { deepChecks } from '../../src/quality/deep/deep-checks.ts'
import { runChecks } from '../../src/quality/run-checks.ts'
import type { Pool } from '../../src/store/postgres/database.ts'

/** The results of the deep checks of a team, in their order. */
export async function runDeepChecks(pool: Pool, teamId: string) {
  const { results } = await runChecks(pool, teamId, { deep: () => {} })
  return results.filter(({ name }) => deepChecks.some((check) => check.name === name))
}

/** The sentences of those that fail. */
export async function findDeepFaults(pool: Pool, teamId: string): Promise<string[]> {
  const results = await runDeepChecks(pool, teamId)
  return results
    .filter(({ status }) => status === 'failed')
    .map(({ name, sentence }) => `${name}: ${sentence}`)
}
