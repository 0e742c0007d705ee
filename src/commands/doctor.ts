/** `doctor`: checks configuration, key, limits and database. */
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'Check that it works:',
  description: 'check configuration, key, limits and database, and say how to fix problems; changes nothing',
  help: 'Exit codes: 0 nothing is wrong, 75 a server does not answer, 78 change the configuration.',
  action: async () => (await import('./doctor/run.ts')).runDoctor(),
})
