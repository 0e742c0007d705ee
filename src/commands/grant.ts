/** `grant`: a login for people and tools that read the reports. */
import { Option } from 'commander'
import { UsageError } from '../errors.ts'
import { defineCommand } from '../terminal/command.ts'

interface Options {
  readonly role?: 'reader' | 'pii'
  readonly revoke?: boolean
}

export const command = defineCommand<Options>({
  group: 'Share, and keep private:',
  description:
    'a login for people and tools that read the reports; its password is read from stdin, or asked for',
  argument: ['<login>', 'made if it is not there yet'],
  options: [
    new Option('--role <role>', 'reader: schema reporting; pii: raw phone numbers, too').choices([
      'reader',
      'pii',
    ]),
    new Option('--revoke', 'take it away again').conflicts('role'),
  ],
  help: `Prints the connection string without the password, which is sent as a SCRAM verifier only.
Refuses logins that may do more than read.`,
  async action({ role = null, revoke = false }, [login = '']) {
    if (role === null && !revoke) throw new UsageError('Say --role reader, --role pii, or --revoke.')
    return (await import('./grant/run.ts')).runGrant({ login, role })
  },
})
