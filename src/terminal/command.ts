/** Defines a command of the command line. Each file in `commands/` exports one as `command`; the file name is its name. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { secretsOfEnvironment } from '../config/config.ts'
import { type ExitCode, exitCodeList } from '../errors.ts'
import { failureOf } from './describe-error.ts'
import { printJson } from './output.ts'

/** Registers the work of a command. The process ends with the exit code that the work returns. */
export type Run = (work: () => Promise<ExitCode>) => () => Promise<void>

export interface CommandModule {
  readonly group: (typeof groups)[number]
  addTo(program: Command, name: string, run: Run): void
}

/** The headings of `--help`, in their order. */
export const groups = [
  'Mirror the queues:',
  'Check that it works:',
  'Share data and protect personal data:',
  'Move or keep the whole mirror:',
  'Try it without a key:',
  'Set up your shell:',
] as const

interface Definition<Options extends object> {
  readonly group: (typeof groups)[number]
  readonly description: string
  readonly options?: readonly Option[]
  /** `<name>` or `[name]`, its description, and its choices if these are all. */
  readonly argument?: readonly [name: string, description: string, choices?: readonly string[]]
  /** Adds the option `--json`. With it, an error is also printed as an object on stdout. */
  readonly hasJson?: boolean
  /** The command itself refuses surplus arguments. */
  readonly allowExcessArguments?: boolean
  /** Text below the options in `--help`. */
  readonly help?: string
  /** Imports the implementation, so that other commands do not load it. */
  readonly action: (options: Options, args: readonly string[], program: Command) => Promise<ExitCode>
}

export function defineCommand<Options extends object = object>(
  definition: Definition<Options>,
): CommandModule {
  const {
    group,
    description,
    argument,
    options = [],
    hasJson = false,
    allowExcessArguments = false,
    help,
    action,
  } = definition
  return {
    group,
    addTo(program, name, run) {
      const command = program.command(name).helpGroup(group).description(description)
      command.allowExcessArguments(allowExcessArguments)
      if (argument !== undefined) command.addArgument(argumentOf(argument))
      for (const option of options) command.addOption(option)
      if (hasJson) command.addOption(new Option('--json', 'one JSON object on stdout').default(false))
      if (help !== undefined) command.addHelpText('after', `\n${help}`)
      const work = () => action(command.opts<Options>(), command.args, program)
      command.action(run(() => (hasJson && command.opts().json ? orFailureAsJson(work) : work())))
    },
  }
}

function argumentOf([name, description, choices]: NonNullable<Definition<object>['argument']>): Argument {
  const argument = new Argument(name, description)
  return choices === undefined ? argument : argument.choices(choices)
}

async function orFailureAsJson(work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work()
  } catch (error) {
    const secrets = secretsOfEnvironment()
    printJson({ error: failureOf(error, secrets) }, secrets)
    throw error
  }
}

/** An option whose value is a whole number within bounds. */
export function count(
  flags: string,
  description: string,
  usual: number,
  [least, most]: readonly [number, number],
): Option {
  return new Option(flags, description).default(usual).argParser((given) => {
    const value = Number(given)
    if (/^\d+$/.test(given) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`)
  })
}

export const configurationHelp =
  'Configuration: environment variables, or .env in this folder. allo-queue-mirror config --help lists them.'

export const exitCodeHelp = [
  'Exit codes:',
  ...exitCodeList.map(({ code, meaning }) => `  ${String(code).padEnd(3)} ${meaning.replaceAll('`', '')}`),
].join('\n')

export const simulatedOnlyHelp = "Ignores .env, DATABASE_URL and ALLO_*, so it can't reach your data."
