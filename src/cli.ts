/** argv in, exit code out. Imported by the executable. */
import { readdirSync } from 'node:fs'
import { parse } from 'node:path'
import { Command, CommanderError } from 'commander'
import { readConfig, secretsOfEnvironment } from './config/config.ts'
import { type ExitCode, exitCodes } from './errors.ts'
import { toMirrorError } from './foreign-errors.ts'
import { isConnectionLost } from './store/postgres/database.ts'
import { type CommandModule, configurationHelp, exitCodeHelp, groups, type Run } from './terminal/command.ts'
import { describeError } from './terminal/describe-error.ts'
import { expectSignalsTwice } from './terminal/interruption.ts'
import { printError } from './terminal/output.ts'
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
    const program = await createProgram(argv[2], run)
    await program.parseAsync(argv)
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

/** The commands of the program: all of them where one must be chosen, else the one that is asked for. */
async function createProgram(asked: string | undefined, run: Run): Promise<Command> {
  const program = new Command('allo-queue-mirror')
    .description("Mirrors every teammate's Allo Power Dialer queue into Postgres, whole and with history.")
    .version(version)
    .exitOverride()
    // Commander quotes what it refuses.
    .configureOutput({ writeErr: (text) => process.stderr.write(printableLines(text)) })
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', `\n${configurationHelp}`)
    .addHelpText('after', `\n${exitCodeHelp}`)
  for (const { name, command } of await loadCommands(asked)) command.addTo(program, name, run)
  return program
}

async function loadCommands(asked: string | undefined) {
  const folder = new URL('./commands/', import.meta.url)
  const files = readdirSync(folder).filter((file) => /\.[jt]s$/.test(file))
  const named = files.filter((file) => parse(file).name === asked)
  const loaded = (named.length > 0 ? named : files).map(async (file) => {
    const { command }: { command: CommandModule } = await import(new URL(file, folder).href)
    return { name: parse(file).name, command }
  })
  const rank = ({ command }: { command: CommandModule }) => groups.indexOf(command.group)
  return (await Promise.all(loaded)).sort((a, b) => rank(a) - rank(b))
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
