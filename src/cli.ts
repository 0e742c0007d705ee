/** argv in, exit code out. Imported by the executable alone. */
import { Command, CommanderError } from 'commander'
import { withDatabase } from './commands/open.ts'
import { runSync } from './commands/sync.ts'
import { runWorker } from './commands/worker.ts'
import { type ConfigWithKey, readConfig } from './config.ts'
import { type ExitCode, exitCodeOf, exitCodes } from './exit-code.ts'
import { migrateDatabase } from './store/migrate.ts'
import { version } from './version.ts'

const exitCodeHelp = `
Exit codes:
  0   all asked teammates were read
  64  wrong usage
  70  a bug of ours
  75  temporary or partial failure: try again later
  78  configuration or credentials: change something first`

/** Runs the command and sets the exit code of the process. */
export async function main(argv: readonly string[]): Promise<void> {
  let exitCode: ExitCode = exitCodes.ok
  const run = (work: () => Promise<ExitCode>) => async () => {
    exitCode = await work()
  }
  try {
    await createProgram(run).parseAsync(argv)
  } catch (error) {
    exitCode = error instanceof CommanderError ? usageExitCode(error) : report(error)
  }
  process.exitCode = exitCode
}

type Run = (work: () => Promise<ExitCode>) => () => Promise<void>

function createProgram(run: Run): Command {
  const program = new Command('allo-queue-mirror')
    .description("Mirrors every teammate's Allo Power Dialer queue into Postgres, whole and with history.")
    .version(version)
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', exitCodeHelp)

  const sync = program
    .command('sync')
    .description('read all queues now, once')
    .option('--json', 'one JSON object as the last line on stdout', false)
    .option('--user <id or e-mail>', 'only this teammate; repeatable', collect, [])
    .option('--dry-run', 'read, and say what would change; write nothing', false)
  sync.action(
    run(() => {
      const { json, user, dryRun } = sync.opts<{ json: boolean; user: string[]; dryRun: boolean }>()
      return runSync(configWithKey(), { json, dryRun, users: user })
    }),
  )

  program
    .command('migrate')
    .description('bring the database to this version')
    .action(
      run(async () => {
        const config = readConfig({ needsApiKey: false })
        const applied = await withDatabase(config, ({ url }) => migrateDatabase(url))
        console.log(applied === 0 ? 'The database is up to date.' : `Applied ${applied} migrations.`)
        return exitCodes.ok
      }),
    )

  program
    .command('worker')
    .description('the service: reads all queues on a schedule, until it is stopped')
    .action(run(() => runWorker(configWithKey())))
  return program
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}

function configWithKey(): ConfigWithKey {
  return readConfig({ needsApiKey: true })
}

function usageExitCode(error: CommanderError): ExitCode {
  return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
}

/** One message a person can act on. A stack trace only for our own bugs, or when asked for. */
function report(error: unknown): ExitCode {
  const exitCode = exitCodeOf(error)
  console.error(error instanceof Error ? error.message : String(error))
  return exitCode
}
