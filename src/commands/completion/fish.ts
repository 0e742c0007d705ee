/** Completion for fish. */
import type { CommandWords, OptionWords, Value } from './words.ts'

export function fishScript(program: string, commands: readonly CommandWords[]): string {
  const complete = `complete -c ${program}`
  return [
    `${complete} -f`,
    ...commands.map(
      ({ name, description }) => `${complete} -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
    ),
    ...commands.flatMap(({ name, options, argument }) => {
      const after = `${complete} -n '__fish_seen_subcommand_from ${name}'`
      const values = argument === null ? '' : completed(argument)
      return [
        ...(values === '' ? [] : [`${after}${values}`]),
        ...options.map((option) => `${after} ${optionSpec(option)}`),
      ]
    }),
  ].join('\n')
}

function optionSpec({ flag, description, value }: OptionWords): string {
  const option = `-l ${flag.replace(/^--/, '')} -d ${quoted(description)}`
  if (value === null) return option
  return `${option} ${value.isFile ? '-r' : '-x'}${completed(value)}`
}

function completed({ isFile, choices }: Value): string {
  if (isFile) return ' -F'
  return choices.length > 0 ? ` -a '${choices.join(' ')}'` : ''
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
