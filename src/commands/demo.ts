/** `demo`: the whole product without a key. */
import { Option } from 'commander'
import { defineCommand, simulatedOnlyHelp } from '../terminal/command.ts'

export const command = defineCommand<{ once?: boolean }>({
  group: 'Try it without a key:',
  description: 'see it work, without a key: a simulated team, a Postgres of its own',
  options: [new Option('--once', 'end when all is shown, also on a terminal')],
  help: simulatedOnlyHelp,
  action: async (options) => (await import('./demo/run.ts')).runDemo(options),
})
