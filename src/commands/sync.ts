/** `sync`: one pass now. */
import { Option } from 'commander'
import { configurationHelp, defineCommand, exitCodeHelp } from '../terminal/command.ts'

interface Options {
  readonly json?: boolean
  readonly user?: readonly string[]
  readonly dryRun?: boolean
}

export const command = defineCommand<Options>({
  group: 'Mirror the queues:',
  description: 'run one pass over all teammates now',
  options: [
    new Option('--json', 'one JSON object as the last line on stdout, everything else on stderr'),
    new Option('--user <id or e-mail>', 'read only this teammate; repeatable').argParser(collect),
    new Option('--dry-run', 'read, and show what would change; write nothing'),
  ],
  help: `${configurationHelp}\n\n${exitCodeHelp}`,
  action: async ({ json = false, user: users = [], dryRun = false }) =>
    (await import('./sync/run.ts')).runSync({ json, users, dryRun }),
})

function collect(user: string, before: readonly string[] = []): string[] {
  return [...before, user]
}
