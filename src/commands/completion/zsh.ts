/** Completion for zsh: to be sourced after compinit, or to be a file in a folder of fpath. */
import type { CommandWords, OptionWords, Value } from './words.ts'

export function zshScript(program: string, commands: readonly CommandWords[]): string {
  const name = `_${program.replaceAll('-', '_')}`
  return `#compdef ${program}
${name}() {
  if (( CURRENT == 2 )); then
    local -a commands=(
${commands.map((command) => `      ${quoted(`${command.name}:${command.description}`)}`).join('\n')}
    )
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${commands.map(caseOfCommand).join('\n')}
  esac
}
if [[ $funcstack[1] == ${name} ]]; then ${name} "$@"; else compdef ${name} ${program}; fi`
}

function caseOfCommand({ name, options, argument }: CommandWords): string {
  const values = argument === null ? [] : [quoted(`1:${argument.name}:${completed(argument)}`)]
  return `    ${name}) _arguments ${[...values, ...options.map(optionSpec)].join(' ')} ;;`
}

function optionSpec({ flag, description, value }: OptionWords): string {
  const label = `[${escaped(description)}]`
  if (value === null) return quoted(flag + label)
  return quoted(`*${flag}${label}:${escaped(value.name)}:${completed(value)}`)
}

function completed({ isFile, choices }: Value): string {
  if (isFile) return '_files'
  return choices.length > 0 ? `(${choices.join(' ')})` : ''
}

function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
