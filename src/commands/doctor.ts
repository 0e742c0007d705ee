/** `doctor`: checks configuration, key, limits and database. */
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'See whether all is well:',
  description: 'check configuration, key, limits and database, and say what to do; changes nothing',
  help: 'Exit codes: 0 nothing is wrong, 75 something does not answer, 78 something must be changed.',
  action: async () => (await import('./doctor/run.ts')).runDoctor(),
})
