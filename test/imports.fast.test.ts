/** Which files may import each other: no cycle, and in `src` only files of layers above. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

/** Data flows through the layers in this order. A layer imports only from itself and from layers before it. */
const layers = [
  'errors.ts',
  'waiting.ts',
  'tracing.ts',
  'version.ts',
  'json-output.ts',
  'text',
  'config',
  'logger.ts',
  'allo',
  'snapshot',
  'embedded',
  'store',
  'foreign-errors.ts',
  'access',
  'quality',
  'personal-data',
  'transfer',
  'pass',
  'live',
  'page',
  'report',
  'worker',
  'http',
  'simulation',
  'terminal',
  'commands',
  'cli.ts',
  'library',
]

const root = new URL('..', import.meta.url).pathname
const folders = ['src', 'bench', 'chaos', 'scripts', 'test']
const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file)),
)
const imports = new Map(files.map((file) => [file, importsOf(file)]))

function importsOf(file: string): string[] {
  const source = readFileSync(join(root, file), 'utf8')
  const paths = [...source.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path = '']) => path)
  return paths.map((path) => relative(root, join(root, dirname(file), path)))
}

test('no file imports itself through other files', () => {
  const done = new Set<string>()
  const circleFrom = (file: string, path: readonly string[]): readonly string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return null
    for (const next of imports.get(file) ?? []) {
      const circle = circleFrom(next, [...path, file])
      if (circle !== null) return circle
    }
    done.add(file)
    return null
  }
  const circles = files.flatMap((file) => circleFrom(file, [])?.join(' -> ') ?? [])
  expect(circles).toEqual([])
})

test('a layer of src imports only from layers above it', () => {
  const layerOf = (file: string) => file.split('/')[1] ?? ''
  const edges = [...imports].flatMap(([from, targets]) => targets.map((to) => ({ from, to })))
  const wrong = edges.filter(
    ({ from, to }) =>
      from.startsWith('src/') &&
      (!to.startsWith('src/') || layers.indexOf(layerOf(to)) > layers.indexOf(layerOf(from))),
  )
  expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
  expect(new Set([...imports.keys()].filter((file) => file.startsWith('src/')).map(layerOf))).toEqual(
    new Set(layers),
  )
})

test('a command loads drizzle only if it sends statements, because that takes longer than all else at its start', () => {
  const loaded = new Set<string>()
  const load = (file: string) => {
    if (loaded.has(file)) return
    loaded.add(file)
    const statics = readFileSync(join(root, file), 'utf8').matchAll(
      /^(?:import|export) (?!type)[^']*from '([^']+)'/gm,
    )
    for (const [, path = ''] of statics) {
      if (path.startsWith('.')) load(relative(root, join(root, dirname(file), path)))
      else loaded.add(path)
    }
  }
  for (const file of ['cli.ts', 'commands/health.ts', 'commands/health/run.ts']) load(join('src', file))
  expect([...loaded].filter((path) => path.startsWith('drizzle-orm'))).toEqual(['drizzle-orm/errors'])
  expect(loaded.has('src/store/postgres/silence-watch.ts')).toBe(true)
})

test('ARCHITECTURE.md names every layer, and only files and folders that exist', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const named = [...text.matchAll(/`([\w./-]+)`/g)].map(([, name = '']) => name.replace(/\/$/, ''))
  expect(layers.filter((layer) => !named.includes(layer))).toEqual([])
  const paths = named.filter((name) => /^(?:src|test|migrations)\//.test(name))
  expect(paths.length).toBeGreaterThan(20)
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
})
