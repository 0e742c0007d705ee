/** `status`: whether the data are fresh. */
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand<{ json: boolean }>({
  group: 'Check that it works:',
  description: 'show age of the data, failing teammates with the reason, and the schedule; changes nothing',
  hasJson: true,
  help: 'Exit codes: 0 fresh, 75 older than FRESHNESS_SLO or no answer, 78 change the configuration.',
  action: async (options) => (await import('./status/run.ts')).runStatus(options),
})
