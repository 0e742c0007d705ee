/** What can be typed, as commander knows it: commands, their options, and what follows these. */
import type { Argument, Command } from 'commander'

export interface CommandWords {
  readonly name: string
  readonly description: string
  readonly options: readonly OptionWords[]
  /** Of its argument. Null: it takes none. */
  readonly argument: Value | null
}

export interface OptionWords {
  /** With its dashes. */
  readonly flag: string
  readonly description: string
  /** Null: it takes none. */
  readonly value: Value | null
}

export interface Value {
  readonly name: string
  readonly isFile: boolean
  /** Empty: it can be any text. */
  readonly choices: readonly string[]
}

/** Includes `help`, which commander adds. */
export function wordsOf(program: Command): readonly CommandWords[] {
  const commands = program.createHelp().visibleCommands(program)
  const names = commands.map((command) => command.name())
  return commands.map((command) => {
    const [argument] = command.registeredArguments
    return {
      name: command.name(),
      description: start(command.description()),
      options: optionsOf(command),
      argument: argument === undefined ? null : describeArgument(argument, names),
    }
  })
}

function describeArgument(argument: Argument, commands: readonly string[]): Value {
  const name = argument.name()
  return describeValue(name, name === 'command' ? commands : argument.argChoices)
}

function optionsOf(command: Command): OptionWords[] {
  const options = command.createHelp().visibleOptions(command)
  return options.map(({ long, flags, description, argChoices, required }) => ({
    flag: long ?? flags,
    description: start(description),
    value: required ? describeValue(/<(.+)>/.exec(flags)?.[1] ?? '', argChoices) : null,
  }))
}

/** A name such as `7|28|90` lists the choices. */
function describeValue(name: string, choices: readonly string[] | undefined): Value {
  const named = name.includes('|') ? name.split('|') : []
  return { name, isFile: name === 'file', choices: choices ?? named }
}

/** Shells show one line. */
function start(description: string): string {
  return description.split('; ')[0] ?? ''
}
