/** All data checks, in the order in which they are shown. */
import type { Check } from './check.ts'
import * as history from './checks-of-history.ts'
import * as mirror from './checks-of-mirror.ts'
import * as passes from './checks-of-passes.ts'
import * as settings from './checks-of-settings.ts'
import * as times from './checks-of-times.ts'
import * as values from './checks-of-values.ts'

export const checks: readonly Check[] = [
  passes.freshness,
  mirror.countMatchesApi,
  history.mirrorEqualsHistory,
  history.lifecycleEqualsHistory,
  history.versionsDoNotOverlap,
  mirror.snapshotEqualsMirror,
  mirror.orphans,
  times.timesPlausible,
  times.timesNotShifted,
  settings.reportTimeZoneKnown,
  times.timesPossible,
  values.unresolvedDials,
  values.outcomeConsistent,
  values.callIdUnique,
  values.assigneeIsOwner,
  values.knownValues,
  passes.teammatesRead,
  mirror.positionsContiguous,
  mirror.duplicateNumbers,
]
