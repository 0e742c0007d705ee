/** The list of variables as people read it: the table of README.md, and `.env.example`. */
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
    return `${wrapped(sentence.replaceAll('`', ''))}\n# ${name}=${usual}\n`
  })
  return [`${head}\n`, ...entries].join('\n')
}

const head = `# Copy this file to .env and fill in what you need. Every default is shown behind the #.
# The environment has priority over .env. A secret can also be in a file: set the variable that ends in _FILE.`

/** Lines of a comment, at most 110 characters long. */
function wrapped(sentence: string): string {
  return sentence.replace(/(.{1,108})(?: |$)/g, '# $1\n').trimEnd()
}
