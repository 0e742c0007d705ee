/** `simulate`: the simulated Allo alone. */
import { Option } from 'commander'
import { count, defineCommand, simulatedOnlyHelp } from '../terminal/command.ts'
import type { SimulateOptions } from './simulate/run.ts'

export const command = defineCommand<SimulateOptions>({
  group: 'Try it without a key:',
  description: 'the simulated Allo alone, to build BI before there are data',
  options: [
    count('--port <port>', 'on this machine only; 0: any free one', 8787, [0, 65_535]),
    count('--teammates <count>', 'people on the team', 12, [1, 5000]),
    count('--numbers <count>', 'numbers in a queue, about', 120, [0, 25_000]),
    new Option('--seed <text>', 'the same seed makes the same team and moves').default('allo'),
    count('--moves-per-minute <count>', 'dials, results, appends, resets, …', 60, [0, 60_000]),
    count('--reads-per-second <count>', 'the limit, as Allo has it; 0: none', 20, [0, 10_000]),
  ],
  help: simulatedOnlyHelp,
  action: async (options) => (await import('./simulate/run.ts')).runSimulate(options),
})
