/** `status`: whether the data are fresh. */
import { Option } from 'commander'
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand<{ json: boolean }>({
  group: 'See whether all is well:',
  description: 'whether the data are fresh, who could not be read and why, and what runs; changes nothing',
  options: [new Option('--json', 'one JSON object on stdout').default(false)],
  help: 'Exit codes: 0 fresh, 75 older than FRESHNESS_SLO or nothing answers, 78 something must be changed.',
  action: async (options) => (await import('./status/run.ts')).runStatus(options),
})
