/** `check`: whether the data can be trusted. */
import { Option } from 'commander'
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand<{ json: boolean }>({
  group: 'See whether all is well:',
  description: 'whether the data can be trusted: against themselves and what Allo announced; changes nothing',
  options: [new Option('--json', 'one JSON object on stdout').default(false)],
  help: `Warnings (!) and notes (i) are printed and fail nothing. docs/operating.md says what each check means.
Exit codes: 0 nothing is wrong, 65 a check failed (✗), 75 nothing answers, 78 something must be changed.`,
  action: async (options) => (await import('./check/run.ts')).runCheck(options),
})
