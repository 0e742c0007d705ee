/** Documents, manifests and container files name only variables that exist. README's table: docs.test.ts. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ourNames } from '../src/config/variables.ts'

const root = new URL('../', import.meta.url)
const inFolders = ['docs/', 'deploy/'].flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(md|ya?ml|service|timer)$/.test(file))
    .map((file) => folder + file),
)
const files = ['README.md', 'bi/README.md', 'SECURITY.md', 'Dockerfile', 'docker-compose.yml', ...inFolders]

/** Of a name that may be one of ours: it begins like one. */
const beginnings = new Set([...ourNames].map((name) => name.split('_')[0]))

/** docs/operating.md shows that the first two are found. The others are a word of Allo and a variable of OpenTelemetry. */
const others = ['DATABASE_URI', 'SYNC_EVRY', 'NO_SKIP', 'OTEL_EXPORTER_OTLP_HEADERS']

test('a name that begins like one of our variables is one', () => {
  expect(files.length).toBeGreaterThan(20)
  const unknown = files.flatMap((file) => {
    const names = readFileSync(new URL(file, root), 'utf8').match(
      /(?<![\w…$])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w…])/g,
    )
    return (names ?? [])
      .filter((name) => beginnings.has(name.split('_')[0]) && !ourNames.has(name))
      .filter((name) => !others.includes(name))
      .map((name) => `${file}: ${name}`)
  })
  expect(unknown).toEqual([])
})
