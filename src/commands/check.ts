/** `check`: whether the data can be trusted. */
import { Option } from 'commander'
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand<{ json: boolean; deep: boolean }>({
  group: 'Check that it works:',
  description: 'run all data checks; changes nothing',
  options: [
    new Option('--deep', 'also compare the whole history with itself; takes minutes if it is long').default(
      false,
    ),
  ],
  hasJson: true,
  help: `Warnings (!) and notes (i) are printed and do not change the exit code. docs/operating.md explains each check.
Exit codes: 0 no check failed, 65 a check failed (✗), 75 the database does not answer, 78 change the configuration.`,
  action: async (options) => (await import('./check/run.ts')).runCheck(options),
})
