/** `config`: which settings are in force. */
import { variablesHelp } from '../config/documented.ts'
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand<{ json: boolean }>({
  group: 'Check that it works:',
  description: 'show the value of each setting and where it comes from, without secrets',
  hasJson: true,
  help: `The environment has priority over .env in the working directory. What is in neither has its default.
Exit codes: 0 valid, 78 change the configuration.

${variablesHelp()}`,
  action: async ({ json }) => (await import('./config/run.ts')).runConfig({ json }),
})
