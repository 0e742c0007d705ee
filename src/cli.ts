/** argv in, exit code out. Imported by the executable, and by what checks the README against it. */

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { checkTimeZones } from './commands/check-time-zones.ts'
import type { ForgetArguments } from './commands/forget.ts'
import { type OpenDatabase, withDatabase } from './commands/open.ts'
import { prepareDatabase } from './commands/prepare-database.ts'
import type { ReportOptions } from './commands/report.ts'
import { runSync } from './commands/sync.ts'
import { readConfig, secretsOfEnvironment } from './config/config.ts'
import { type ExitCode, exitCodes, UsageError } from './errors.ts'
import { toMirrorError } from './foreign-errors.ts'
import { isConnectionLost } from './store/postgres/database.ts'
import { describeError } from './terminal/describe-error.ts'
import { expectSignalsTwice } from './terminal/interruption.ts'
import { print, printError } from './terminal/output.ts'
import { isAtLeast } from './terminal/progress.ts'
import { printableLines } from './text/printable.ts'
import { version } from './version.ts'

/**
 * Runs the command and ends the process. Nothing that is still open keeps it alive after its last message: a
 * connection that was refused, a timer, a pool. `isWrapped`: another process passes on signals to us.
 */
export async function main(
  argv: readonly string[],
  { isWrapped = false }: { readonly isWrapped?: boolean } = {},
): Promise<void> {
  surviveUnwritableOutput()
  if (isWrapped) expectSignalsTwice()
  process.on('uncaughtException', (error) => {
    // What was asked on that connection is rejected beside this event, and says so.
    if (!isConnectionLost(error)) process.exit(report(error))
  })
  let exitCode: ExitCode = exitCodes.ok
  const run: Run = (work) => async () => {
    exitCode = await work()
  }
  try {
    await createProgram(run).parseAsync(argv)
  } catch (error) {
    exitCode = error instanceof CommanderError ? usageExitCode(error) : report(error)
  }
  await Promise.all([process.stdout, process.stderr].map(flushed))
  process.exit(exitCode)
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  // A write of nothing can fail too, and would be taken for lost output. The error of a real one comes in a moment.
  if (stream.writableLength === 0) return new Promise((resolve) => setImmediate(resolve))
  return new Promise((resolve) => stream.write('', () => resolve()))
}

export type Run = (work: () => Promise<ExitCode>) => () => Promise<void>

/** Commands beyond `sync` and `migrate` are loaded when they are asked for: a pass needs no simulation. */
export function createProgram(run: Run): Command {
  const program = new Command('allo-queue-mirror')
    .description("Mirrors every teammate's Allo Power Dialer queue into Postgres, whole and with history.")
    .version(version)
    .exitOverride()
    // What is refused is quoted.
    .configureOutput({ writeErr: (text) => process.stderr.write(printableLines(text)) })
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', configurationHelp)
    .addHelpText('after', exitCodeHelp)

  const sync = program
    .command('sync')
    .description('one pass over all teammates, now')
    .option('--json', 'one JSON object as the last line on stdout, everything else on stderr')
    .option('--user <id or e-mail>', 'only this teammate; may be repeated', collect)
    .option('--dry-run', 'read, and say what would change; write nothing')
    .addHelpText('after', configurationHelp)
    .addHelpText('after', exitCodeHelp)
  sync.action(
    run(() => {
      const { json = false, user = [], dryRun = false } = sync.opts<SyncOptions>()
      return runSync(() => readConfig({ needsApiKey: true }), { json, dryRun, users: user })
    }),
  )

  program
    .command('migrate')
    .description('bring the database to this version; sync does it by itself unless AUTO_MIGRATE=false')
    .addHelpText(
      'after',
      '\nSafe to run twice, and by two at once. Refuses a database newer than itself (exit 78).',
    )
    .action(
      run(async () => {
        const config = readConfig({ needsApiKey: false })
        const work = async ({ url, pool }: OpenDatabase) => {
          for (const warning of await checkTimeZones(pool, config)) printError(warning)
          return prepareDatabase(config, url)
        }
        const { migrations, hasNewViews, note } = await withDatabase(config, work, { name: 'migrate' })
        if (migrations > 0) print(`Applied ${migrations} migrations.`)
        else print(hasNewViews ? 'Renewed views and functions.' : 'The database is up to date.')
        if (note !== null) print(note)
        return exitCodes.ok
      }),
    )

  program
    .command('worker')
    .description('the service: reads all queues on a schedule, until it is stopped')
    .addHelpText('after', configurationHelp)
    .action(
      run(async () => (await import('./commands/worker.ts')).runWorker(readConfig({ needsApiKey: true }))),
    )

  const status = program
    .command('status')
    .description('whether the data are fresh, who could not be read and why, and what runs; changes nothing')
    .option('--json', 'one JSON object on stdout', false)
    .addHelpText(
      'after',
      '\nExit codes: 0 fresh, 75 older than FRESHNESS_SLO or nothing answers, 78 something must be changed.',
    )
  status.action(
    run(async () =>
      (await import('./commands/status.ts')).runStatus(
        readConfig({ needsApiKey: true }),
        status.opts<{ json: boolean }>(),
      ),
    ),
  )

  program
    .command('health')
    .description(
      'whether the worker of this configuration is alive: asks /healthz; for the HEALTHCHECK of an image',
    )
    .addHelpText('after', '\nExit codes: 0 alive, 75 no answer, 78 something must be changed.')
    .action(
      run(async () => (await import('./commands/health.ts')).runHealth(readConfig({ needsApiKey: false }))),
    )

  const check = program
    .command('check')
    .description(
      'whether the data can be trusted: against themselves and what Allo announced; changes nothing',
    )
    .option('--json', 'one JSON object on stdout', false)
    .addHelpText(
      'after',
      '\nWarnings (!) and notes (i) are printed and fail nothing. docs/operating.md says what each check means.' +
        '\nExit codes: 0 nothing is wrong, 65 a check failed (✗), 75 nothing answers, 78 something must be changed.',
    )
  check.action(
    run(async () =>
      (await import('./commands/check.ts')).runCheck(
        readConfig({ needsApiKey: false }),
        check.opts<{ json: boolean }>(),
      ),
    ),
  )

  const report = program
    .command('report')
    .description('the report for managers as one file, without links or scripts: to mail, to print, to keep')
    .requiredOption('--out <file>', 'where to write it, in place of what is there; - for stdout')
    .option('--days <7|28|90>', 'how far back it looks')
    .option('--teammate <id>', 'only this teammate')
    .option('--queue <id>', 'only this queue')
    .option('--team <id>', 'which team, where the database has several')
    .addHelpText(
      'after',
      '\nNeeds no API key. The file shows the performance of named people: it is readable by you alone.',
    )
  report.action(
    run(async () =>
      (await import('./commands/report.ts')).runReport(
        readConfig({ needsApiKey: false }),
        report.opts<ReportOptions>(),
      ),
    ),
  )

  const grant = program
    .command('grant')
    .description(
      'a login for people and tools that read the reports; its password is read from stdin, or asked for',
    )
    .argument('<login>', 'made if it is not there yet')
    .addOption(
      new Option('--role <role>', 'reader: schema reporting; pii: raw phone numbers, too').choices([
        'reader',
        'pii',
      ]),
    )
    .addOption(new Option('--revoke', 'take it away again').conflicts('role'))
    .addHelpText(
      'after',
      '\nPrints the connection string without the password, which is sent as a SCRAM verifier only.' +
        '\nRefuses logins that may do more than read.',
    )
  grant.action(
    run(async () => {
      const { role = null, revoke = false } = grant.opts<{ role?: 'reader' | 'pii'; revoke?: boolean }>()
      if (role === null && !revoke) throw new UsageError('Say --role reader, --role pii, or --revoke.')
      const [login = ''] = grant.args
      return (await import('./commands/grant.ts')).runGrant(readConfig({ needsApiKey: false }), {
        login,
        role,
      })
    }),
  )

  program
    .command('doctor')
    .description('check configuration, key, limits and database, and say what to do; changes nothing')
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing is wrong, 75 something does not answer, 78 something must be changed.',
    )
    .action(run(async () => (await import('./commands/doctor.ts')).runDoctor()))

  const forget = program
    .command('forget')
    .description(
      "erase one person's number, read from stdin, from the mirror and its history; no count changes",
    )
    .option('--suppress', 'also from now on: mirror it without its number, wherever it stands', false)
    .option('--dry-run', 'say what would be erased; change nothing', false)
    // So that it is refused in words of ours, which don't repeat it.
    .allowExcessArguments()
    .addHelpText(
      'after',
      '\nExit codes: 0 erased, 64 not one number, 65 not erased: not on record, only numbers like it are, or Allo still shows it.' +
        '\nThe message says which. See docs/privacy.md.',
    )
  forget.action(
    run(async () =>
      (await import('./commands/forget.ts')).runForget(readConfig({ needsApiKey: false }), {
        ...forget.opts<ForgetArguments>(),
        isNumberOnCommandLine: forget.args.length > 0,
      }),
    ),
  )

  program
    .command('retain')
    .description('erase now what is older than RETAIN_…_DAYS; a worker does it once a day')
    .addHelpText(
      'after',
      '\nMay be stopped, and run beside a worker. What it erases is listed in docs/privacy.md.',
    )
    .action(
      run(async () => (await import('./commands/retain.ts')).runRetain(readConfig({ needsApiKey: false }))),
    )

  const demo = program
    .command('demo')
    .description('see it work, without a key: a simulated team, a Postgres of its own')
    .option('--once', 'end when all is shown, also on a terminal')
    .addHelpText('after', ownWorldHelp)
  demo.action(run(async () => (await import('./commands/demo.ts')).runDemo(demo.opts<{ once?: boolean }>())))

  const simulate = program
    .command('simulate')
    .description('the simulated Allo alone, to build BI before there are data')
    .addOption(count('--port <port>', 'on this machine only; 0: any free one', 8787, [0, 65_535]))
    .addOption(count('--teammates <count>', 'people on the team', 12, [1, 5000]))
    .addOption(count('--numbers <count>', 'numbers in a queue, about', 120, [0, 25_000]))
    .addOption(new Option('--seed <text>', 'the same seed makes the same team and moves').default('allo'))
    .addOption(count('--moves-per-minute <count>', 'dials, results, appends, resets, …', 60, [0, 60_000]))
    .addOption(count('--reads-per-second <count>', 'the limit, as Allo has it; 0: none', 20, [0, 10_000]))
    .addHelpText('after', ownWorldHelp)
  simulate.action(
    run(async () => (await import('./commands/simulate.ts')).runSimulate(simulate.opts<SimulateOptions>())),
  )
  return program
}

interface SyncOptions {
  readonly json?: boolean
  readonly user?: readonly string[]
  readonly dryRun?: boolean
}

export interface SimulateOptions {
  readonly port: number
  readonly teammates: number
  readonly numbers: number
  readonly seed: string
  readonly movesPerMinute: number
  readonly readsPerSecond: number
}

const configurationHelp = `
Configuration: environment variables, or .env in this folder (README, .env.example).`

const ownWorldHelp = '\nReads neither .env nor DATABASE_URL nor ALLO_*: it can reach no data of yours.'

const exitCodeHelp = `
Exit codes:
  0   all asked teammates were read
  64  wrong usage
  65  because of what the data are: a check failed, or it was refused
  70  a bug of ours; LOG_LEVEL=debug shows where
  75  temporary or partial failure: try again
  78  configuration or credentials: change something first, don't restart`

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

function count(flags: string, description: string, usual: number, [least, most]: [number, number]): Option {
  return new Option(flags, description).default(usual).argParser((text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`)
  })
}

function usageExitCode(error: CommanderError): ExitCode {
  return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
}

function report(error: unknown): ExitCode {
  const exitCode = toMirrorError(error).exitCode
  const { level, secrets } = whatMayBeSaid()
  if (isAtLeast(level, 'error')) {
    printError(describeError(error, { debug: isAtLeast(level, 'debug'), secrets }))
  }
  return exitCode
}

/** Asked only once something failed: a configuration that can't be read may be what failed. */
function whatMayBeSaid() {
  const secrets = secretsOfEnvironment()
  try {
    return { level: readConfig({ needsApiKey: false }).logLevel, secrets }
  } catch {
    return { level: 'info' as const, secrets }
  }
}

/**
 * What a command does is still to be done when its output can't be written. A reader or a terminal that left (EPIPE,
 * EIO) changes nothing; on a full disk (ENOSPC, EDQUOT, …) the exit code says that the output is not whole.
 */
function surviveUnwritableOutput(): void {
  let lost = ''
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) => {
      if (lost !== '' || code === 'EPIPE' || code === 'EIO' || code === 'ERR_STREAM_DESTROYED') return
      lost = code
      printError(`The output could not be written (${code}). The disk may be full.`)
    })
  }
  process.on('exit', (exitCode) => {
    if (lost !== '' && exitCode === exitCodes.ok) process.exitCode = exitCodes.tryAgain
  })
}
