/** The list of variables as people read it: the table of README.md, `.env.example` and `config --help`. */
import { variables } from './variables.ts'

/** A variable with `_FILE` has a line of its own. */
export const documented = variables.flatMap((variable) => {
  const { name, default: usual = '', shown = '', meaning } = variable
  const own = { name, usual, shown, meaning }
  if (!('fileMeaning' in variable)) return [own]
  return [own, { name: `${name}_FILE`, usual: '', shown: '', meaning: variable.fileMeaning }]
})

/** The lines of the table in the README. */
export function readmeConfigTable(): string[] {
  const rows = documented.map(
    ({ name, usual, shown, meaning }) => `| \`${name}\` | ${usual ? `\`${usual}\`` : shown} | ${meaning} |`,
  )
  return ['| Variable | Default | Meaning |', '|---|---|---|', ...rows]
}

/** The whole of `.env.example`. */
export function envExample(): string {
  const entries = documented.map(({ name, usual, shown, meaning }) => {
    // A value or a name at the beginning stays as it is written.
    const start = meaning.slice(0, 1).toUpperCase()
    const sentence = `${start}${meaning.slice(1)}${shown ? ` (default: ${shown})` : ''}.`
    return `${wrapped(sentence, '# ')}\n# ${name}=${usual}\n`
  })
  return [`${head}\n`, ...entries].join('\n')
}

/** The end of `config --help`. */
export function variablesHelp(): string {
  const entries = documented.map(({ name, usual, shown, meaning }) => {
    const preset = usual || shown.replaceAll('`', '')
    return `  ${name}${preset ? ` (default: ${preset})` : ''}\n${wrapped(meaning, '      ')}`
  })
  return ['Variables:', ...entries].join('\n')
}

const head = `# Copy this file to .env and fill in what you need. Every default is shown behind the #.
# The environment has priority over .env. A secret can also be in a file: set the variable that ends in _FILE.`

/** Without Markdown, in lines of up to 108 characters behind `prefix`. */
function wrapped(sentence: string, prefix: string): string {
  return sentence
    .replaceAll('`', '')
    .replace(/(.{1,108})(?: |$)/g, `${prefix}$1\n`)
    .trimEnd()
}
