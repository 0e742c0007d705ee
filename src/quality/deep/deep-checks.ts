/** All deep checks, in this order: of history, then of the views over it. */
import * as dials from './checks-of-dials.ts'
import * as versions from './checks-of-versions.ts'
import * as views from './checks-of-views.ts'
import type { DeepCheck } from './deep-check.ts'

export const deepChecks: readonly DeepCheck[] = [versions, dials, views].flatMap((topic): DeepCheck[] =>
  Object.values(topic).sort((a, b) => (a.name < b.name ? -1 : 1)),
)
