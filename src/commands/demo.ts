/** `demo`: shows the product on a simulated team, without a key. */
import { Option } from 'commander'
import { defineCommand, simulatedOnlyHelp } from '../terminal/command.ts'

export const command = defineCommand<{ once?: boolean }>({
  group: 'Try it without a key:',
  description: 'show the product on a simulated team with a temporary Postgres; needs no key',
  options: [new Option('--once', 'exit at the end, also on a terminal, where it would run until Ctrl-C')],
  help: simulatedOnlyHelp,
  action: async (options) => (await import('./demo/run.ts')).runDemo(options),
})
