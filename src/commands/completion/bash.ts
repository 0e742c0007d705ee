/** Completion for bash 3.2, which macOS has, and newer. */
import type { CommandWords, Value } from './words.ts'

export function bashScript(program: string, commands: readonly CommandWords[]): string {
  const name = `_${program.replaceAll('-', '_')}`
  return `${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} words='' files=''
  [ "$COMP_CWORD" = 1 ] && command=''
  case "$command \${COMP_WORDS[COMP_CWORD-1]}" in
${commands.flatMap(casesOfValues).join('\n')}
    *) case "$command" in
      '') words='${commands.map((command) => command.name).join(' ')} --help --version' ;;
${commands.map(caseOfCommand).join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ -z "$files" ] && return
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY+=($(compgen -f -- "$current"))
}
complete -F ${name} ${program}`
}

function casesOfValues({ name, options }: CommandWords): string[] {
  const valued = options.flatMap(({ flag, value }) => (value === null ? [] : [{ flag, value }]))
  const choosing = valued.filter(({ value }) => value.isFile || value.choices.length > 0)
  const anyText = valued.filter((option) => !choosing.includes(option)).map(({ flag }) => `'${name} ${flag}'`)
  return [
    ...choosing.map(({ flag, value }) => `    '${name} ${flag}') ${completed(value, [])} ;;`),
    ...(anyText.length > 0 ? [`    ${anyText.join('|')}) ;;`] : []),
  ]
}

function caseOfCommand({ name, options, argument }: CommandWords): string {
  const flags = options.map(({ flag }) => flag)
  return `      ${name}) ${completed(argument, flags)} ;;`
}

function completed(value: Value | null, more: readonly string[]): string {
  const words = `words='${[...(value?.choices ?? []), ...more].join(' ')}'`
  return value?.isFile ? `${words} files=1` : words
}
