/** All data checks, by severity and name: every value that a file of checks exports is one. */
import type { Check, Severity } from './check.ts'
import * as history from './checks-of-history.ts'
import * as mirror from './checks-of-mirror.ts'
import * as passes from './checks-of-passes.ts'
import * as settings from './checks-of-settings.ts'
import * as times from './checks-of-times.ts'
import * as values from './checks-of-values.ts'

const severities: readonly Severity[] = ['error', 'warn', 'note']

export const checks: readonly Check[] = [passes, mirror, history, times, settings, values]
  .flatMap((topic): Check[] => Object.values(topic))
  .sort(
    (a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity) || (a.name < b.name ? -1 : 1),
  )
