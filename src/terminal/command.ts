/** What a command is to the command line. Each file in `commands/` exports one as `command`, and its name is the file's. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ExitCode } from '../errors.ts'

/** Hands over what a command does; the process ends with the exit code it comes to. */
export type Run = (work: () => Promise<ExitCode>) => () => Promise<void>

export interface CommandModule {
  readonly group: (typeof groups)[number]
  addTo(program: Command, name: string, run: Run): void
}

/** The headings of `--help`, in their order. */
export const groups = [
  'Mirror the queues:',
  'See whether all is well:',
  'Share, and keep private:',
  'Try it without a key:',
] as const

interface Definition<Options extends object> {
  readonly group: (typeof groups)[number]
  readonly description: string
  readonly options?: readonly Option[]
  /** `<name>` or `[name]`, and what it is. */
  readonly argument?: readonly [name: string, description: string]
  /** Leaves it to the command to refuse what it does not take. */
  readonly allowExcessArguments?: boolean
  /** Below the options in `--help`. */
  readonly help?: string
  /** Imports what the command needs, so that no other command loads it. */
  readonly action: (options: Options, args: readonly string[]) => Promise<ExitCode>
}

export function defineCommand<Options extends object = object>(
  definition: Definition<Options>,
): CommandModule {
  const {
    group,
    description,
    argument,
    options = [],
    allowExcessArguments = false,
    help,
    action,
  } = definition
  return {
    group,
    addTo(program, name, run) {
      const command = program.command(name).helpGroup(group).description(description)
      command.allowExcessArguments(allowExcessArguments)
      if (argument !== undefined) command.argument(...argument)
      for (const option of options) command.addOption(option)
      if (help !== undefined) command.addHelpText('after', `\n${help}`)
      command.action(run(() => action(command.opts<Options>(), command.args)))
    },
  }
}

/** An option with a whole number within bounds. */
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
  'Configuration: environment variables, or .env in this folder (README, .env.example).'

export const exitCodeHelp = `Exit codes:
  0   all asked teammates were read
  64  wrong usage
  65  because of what the data are: a check failed, or it was refused
  70  a bug of ours; LOG_LEVEL=debug shows where
  75  temporary or partial failure: try again
  78  configuration or credentials: change something first, don't restart`

export const simulatedOnlyHelp =
  'Reads neither .env nor DATABASE_URL nor ALLO_*: it can reach no data of yours.'
