/** `simulate`: the simulated Allo alone. */
import { InvalidArgumentError, Option } from 'commander'
import { count, defineCommand, simulatedOnlyHelp } from '../terminal/command.ts'
import type { SimulateOptions } from './simulate/run.ts'

export const command = defineCommand<SimulateOptions>({
  group: 'Try it without a key:',
  description: 'run only the simulated Allo, to build BI before you have data',
  options: [
    count('--port <port>', 'on 127.0.0.1; 0: any free port', 8787, [0, 65_535]),
    count('--teammates <count>', 'teammates of the team', 12, [1, 5000]),
    count('--numbers <count>', 'average number of numbers in a queue', 120, [0, 25_000]),
    new Option('--seed <text>', 'the same seed gives the same team and moves').default('allo'),
    count(
      '--moves-per-minute <count>',
      'changes of the queues: dials, results, appends, resets, …',
      60,
      [0, 60_000],
    ),
    count(
      '--reps <count>',
      'teammates who dial in order and in real time; only they dial then',
      0,
      [0, 5000],
    ),
    count('--reads-per-second <count>', 'rate limit, as in Allo; 0: none', 20, [0, 10_000]),
    new Option(
      '--webhooks <url>',
      'also send webhooks of calls to a worker, some late, twice or never',
    ).argParser(webAddress),
  ],
  help: simulatedOnlyHelp,
  action: async (options) => (await import('./simulate/run.ts')).runSimulate(options),
})

function webAddress(given: string): string {
  const { protocol } = URL.parse(given) ?? {}
  if (protocol === 'http:' || protocol === 'https:') return given
  throw new InvalidArgumentError('Write the address of a worker, such as http://127.0.0.1:8080/hooks/allo.')
}
