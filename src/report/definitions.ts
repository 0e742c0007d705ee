/** What counts as what: the view `outcome_definitions`. */
import type { Client } from '../store/postgres/database.ts'

export interface OutcomeDefinition {
  readonly outcome: string
  readonly meaning: string
  readonly rule: string
  readonly isResolved: boolean
  readonly isOurReading: boolean
}

export async function outcomeDefinitions(client: Client): Promise<OutcomeDefinition[]> {
  const { rows } = await client.query<OutcomeDefinition>(
    `select outcome, meaning, rule, is_resolved as "isResolved", is_our_reading as "isOurReading"
     from reporting.outcome_definitions order by priority`,
  )
  return rows
}
