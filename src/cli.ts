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
 * Runs the command and exits the process, even if a connection, timer or pool is still open. `isWrapped`: a parent
 * process forwards signals to this one.
 */
export async function main(
  argv: readonly string[],
  { isWrapped = false }: { readonly isWrapped?: boolean } = {},
): Promise<void> {
  surviveUnwritableOutput()
  if (isWrapped) expectSignalsTwice()
  process.on('uncaughtException', (error) => {
    // The statement on that connection rejects as well, and reports the error.
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

/** An export that fails or is interrupted destroys its stdout. What is still in it is not waited for: its reader may be slow. */
const abandoned = new Set<NodeJS.WriteStream>()

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  // Do not write to an empty stream: that write can fail and would look like lost output. Wait for pending error events.
  if (stream.writableLength === 0 || abandoned.has(stream))
    return new Promise((resolve) => setImmediate(resolve))
  return new Promise((resolve) => stream.write('', () => resolve()))
}

/**
 * Loads the requested command. Loads all commands if there is none of that name (for `--help` and errors), and for
 * `completion`, which describes them.
 */
export async function createProgram(asked: string | undefined, run: Run): Promise<Command> {
  const program = new Command('allo-queue-mirror')
    .description("Copies every teammate's Allo Power Dialer queue into Postgres and keeps its history.")
    .version(version)
    .exitOverride()
    // Commander's messages quote the arguments.
    .configureOutput({ writeErr: (text) => process.stderr.write(printableLines(text)) })
    .showHelpAfterError('(--help lists commands and options)')
    .addHelpText('after', `\n${configurationHelp}`)
    .addHelpText('after', `\n${exitCodeHelp}`)
  for (const { name, command } of await loadCommands(asked)) command.addTo(program, name, run)
  return program
}

async function loadCommands(asked: string | undefined) {
  const folder = new URL('./commands/', import.meta.url)
  const files = readdirSync(folder).filter((file) => /\.[jt]s$/.test(file))
  const named = asked === 'completion' ? [] : files.filter((file) => parse(file).name === asked)
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

/** Called only after a failure. The configuration itself may be what failed. */
function whatMayBeSaid() {
  const secrets = secretsOfEnvironment()
  try {
    return { level: readConfig({ needsApiKey: false }).logLevel, secrets }
  } catch {
    return { level: 'info' as const, secrets }
  }
}

/**
 * A command continues its work when its output can't be written. If stdout was closed (EPIPE, EIO), the exit code stays.
 * On a full disk (ENOSPC, EDQUOT, …) it becomes 75, because the output is incomplete.
 */
function surviveUnwritableOutput(): void {
  let lost = ''
  const lose = (code: string) => {
    lost = code
    printError(`The output could not be written (${code}). The disk may be full.`)
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code = 'unknown error', syscall }: NodeJS.ErrnoException) => {
      // Not of a write: the command reports it.
      if (syscall !== 'write') abandoned.add(stream)
      else if (lost === '' && code !== 'EPIPE' && code !== 'EIO') lose(code)
    })
  }
  process.on('exit', (exitCode) => {
    if (lost !== '' && exitCode === exitCodes.ok) process.exitCode = exitCodes.tryAgain
  })
}
