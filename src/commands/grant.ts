/** `grant`: a login for people and tools that read the reports. */
import { Option } from 'commander'
import { UsageError } from '../errors.ts'
import { defineCommand } from '../terminal/command.ts'

interface Options {
  readonly role?: 'reader' | 'pii'
  readonly revoke?: boolean
}

export const command = defineCommand<Options>({
  group: 'Share data and protect personal data:',
  description: 'create a login that reads the reports; its password is read from stdin, or asked for',
  argument: ['<login>', 'created if it does not exist'],
  options: [
    new Option('--role <role>', 'reader: schema reporting; pii: phone numbers too').choices([
      'reader',
      'pii',
    ]),
    new Option('--revoke', 'revoke its roles').conflicts('role'),
  ],
  help: `Prints the connection string without the password. Postgres receives only a SCRAM verifier.
Refuses logins that may do more than read.`,
  async action({ role = null, revoke = false }, [login = '']) {
    if (role === null && !revoke) throw new UsageError('Use --role reader, --role pii or --revoke.')
    return (await import('./grant/run.ts')).runGrant({ login, role })
  },
})
