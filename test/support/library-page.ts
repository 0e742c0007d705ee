/** docs/library.md, written from the declarations of the package. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'

const begin = `# The library

Written by \`npm run test:unit -- test/package.test.ts -u\` from the declarations of the package. Do not edit.

[README.md](../README.md#as-a-library) has an example. What is listed under an entry point is stable. The other types are what it is made of, and can't be imported by name.
`

/** The page for the package in this folder: each export of each entry point, then the types that these name. */
export function libraryPage(folder: string): string {
  const { name, exports } = z
    .object({
      name: z.string(),
      exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string() })])),
    })
    .parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
  const parts = Object.entries(exports).flatMap(([path, entry]) =>
    typeof entry === 'string' ? [] : [entryPoint(join(name, path), join(folder, entry.types))],
  )
  return [begin, ...parts].join('\n')
}

interface Declaration {
  readonly name: string
  readonly file: string
  readonly comment: string
  readonly code: string
}

function entryPoint(name: string, file: string): string {
  const text = readFileSync(file, 'utf8')
  const exported = exportsOf(file, text)
  const isValue = ({ code }: Declaration) => /^export declare (class|function|const) /.test(code)
  const declarations = exported.map(([one, from]) => declarationOf(one, from))
  const inOrder = [...declarations.filter(isValue), ...declarations.filter((one) => !isValue(one))]
  const named = namedBy(inOrder)
  const more = named.length === 0 ? [] : [`### Types that \`${name}\` names\n`, ...named.map(section)]
  const [, about = ''] = /^\/\*\*(.*?)\*\//s.exec(text) ?? []
  return [`## \`${name}\`\n\n${prose(about)}\n`, ...inOrder.map(section), ...more].join('\n')
}

/** Each exported name, with the file that declares it. */
function exportsOf(file: string, text: string): (readonly [name: string, file: string])[] {
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}(?: from '([^']+)')?;$/gm)]
  const listed = lists.flatMap(([, names = '', from]) =>
    names.split(',').map((name) => {
      const bare = name.replace(/^\s*type /, '').trim()
      return [bare, from === undefined ? (importedFrom(file, text, bare) ?? file) : at(file, from)] as const
    }),
  )
  const own = [...text.matchAll(/^export (?:declare )?(?:interface|type|class|function|const) (\w+)/gm)]
  return [...listed, ...own.map(([, name = '']) => [name, file] as const)]
}

const at = (file: string, from: string) => join(dirname(file), from.replace(/\.js$/, '.d.ts'))

function importedFrom(file: string, text: string, name: string): string | null {
  for (const [, names = '', from = ''] of text.matchAll(
    /^import (?:type )?\{([^}]*)\} from '(\.[^']+)';$/gm,
  )) {
    if (names.split(',').some((one) => one.replace(/^\s*type /, '').trim() === name)) return at(file, from)
  }
  return null
}

/** As `tsc` writes types that it found itself. */
function importedInline(file: string, code: string, name: string): string | null {
  const all = [code, ...constantsIn(file, code)].join('\n')
  const from = new RegExp(`import\\("([^"]+)"\\)\\.${name}\\b`).exec(all)?.[1]
  return from === undefined ? null : at(file, from)
}

/** The constants that `code` takes values of. */
function constantsIn(file: string, code: string): string[] {
  const names = new Set([...code.matchAll(/\(typeof (\w+)\)\[/g)].map(([, name = '']) => name))
  return [...names].map((name) => declarationOf(name, file).code)
}

/** A statement of `tsc` ends with the first line that is not indented and closes it. */
function declarationOf(name: string, file: string): Declaration {
  const text = readFileSync(file, 'utf8')
  const kinds = 'interface|type|class|function|const'
  const start = new RegExp(`^(?:export )?(?:declare )?(${kinds}) ${name}\\b`, 'm').exec(text)
  if (start === null) throw new Error(`${file} does not declare ${name}`)
  const end = /^(interface|class)$/.test(start[1] ?? '') ? /^\}$|\{\}$/m : /^(?=\S).*;$/m
  const rest = text.slice(start.index)
  const close = end.exec(rest)
  const code = rest.slice(0, (close?.index ?? 0) + (close?.[0].length ?? rest.length))
  const [, comment = ''] = /\/\*\*((?:(?!\*\/).)*)\*\/\n$/s.exec(text.slice(0, start.index)) ?? []
  return { name, file, comment, code }
}

/** The types that these declarations and each other name, in the order in which they are named. */
function namedBy(declarations: readonly Declaration[]): Declaration[] {
  const known = new Set(declarations.map(({ name }) => name))
  const found: Declaration[] = []
  for (const { name, file, code } of declarations) if (!(name in elsewhere)) visit(file, code)
  return found

  function visit(file: string, code: string): void {
    const text = readFileSync(file, 'utf8')
    const words =
      [code, ...constantsIn(file, code)]
        .join('\n')
        .replace(/\/\*\*.*?\*\//gs, '')
        .match(/\b[A-Z]\w+\b/g) ?? []
    for (const word of words) {
      if (known.has(word)) continue
      const declares = new RegExp(`^(?:export )?(?:declare )?(?:interface|type|class) ${word}\\b`, 'm').test(
        text,
      )
      const from = declares ? file : (importedFrom(file, text, word) ?? importedInline(file, code, word))
      if (from === null) continue
      known.add(word)
      const declaration = declarationOf(word, from)
      found.push(declaration)
      if (!(word in elsewhere)) visit(from, declaration.code)
    }
  }
}

function section({ name, file, comment, code }: Declaration): string {
  const shown = code.replace(/^export (declare )?/, '')
  const parts = [
    `### \`${name}\``,
    ...(comment === '' ? [] : [prose(comment)]),
    ...(elsewhere[name]?.(code) ?? [`\`\`\`ts\n${shown}\n\`\`\``, ...constantsOf(file, code)]),
  ]
  return `${parts.join('\n\n')}\n`
}

/** Types with a description elsewhere that is easier to read. */
const elsewhere: Readonly<Record<string, (code: string) => string[]>> = {
  ReportingRows: (code) => {
    const views = [...code.matchAll(/^ {4}readonly (\w+): \{$/gm)].map(([, view]) => `\`${view}\``)
    return [`Views and functions: ${views.join(', ')}. [reporting.md](reporting.md) describes them.`]
  },
  ApplyMove: () => [],
  SyncJson: () => ['[schemas/sync.json](../schemas/sync.json) describes its fields.'],
}

/** What a type takes from constants: all of them where it takes values, else their names. */
function constantsOf(file: string, code: string): string[] {
  const text = readFileSync(file, 'utf8')
  const names = new Set([...code.matchAll(/typeof (\w+)/g)].map(([, name = '']) => name))
  return [...names]
    .filter((name) => new RegExp(`^(?:export )?declare const ${name}\\b`, 'm').test(text))
    .map((name) => {
      const constant = declarationOf(name, file)
        .code.replace(/^export /, '')
        .replaceAll(/import\("[^"]+"\)\./g, '')
      if (code.includes(`(typeof ${name})[`)) return `\`\`\`ts\n${constant}\n\`\`\``
      const keys = [...constant.matchAll(/^ {4}(?:readonly )?(\w+):/gm)].map(([, key]) => `\`${key}\``)
      return `\`${name}\`: ${keys.join(', ')}.`
    })
}

/** The text of a comment. Lines that it indents become a block. */
function prose(comment: string): string {
  return comment
    .replaceAll(/^ *\* ?/gm, '')
    .replaceAll(/^ {2}/gm, '    ')
    .trim()
}
