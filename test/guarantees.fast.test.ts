/** Each proof that docs/guarantees.md names is a test that exists. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const textOf = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const guarantees = textOf('docs/guarantees.md')
const proofs = [...guarantees.matchAll(/^ {2}- `(test\/[\w-]+(?:\.fast)?\.test\.ts)`: "(.*)"$/gm)].map(
  ([, file = '', title = '']) => ({ file, title: title.replaceAll('\\"', '"') }),
)

test('each test that docs/guarantees.md names exists, with that title', () => {
  expect(proofs.length).toBeGreaterThan(20)
  const missing = proofs.filter(({ file, title }) => !existsSync(file) || !hasTest(textOf(file), title))
  expect(missing).toEqual([])
})

test('each line of docs/guarantees.md that names a test file names a test', () => {
  expect(guarantees.match(/`test\/[^`]*`/g)).toHaveLength(proofs.length)
})

test('each guarantee names a proof', () => {
  const promises = guarantees.split(/^(?=\*\*)/m).slice(1)
  const without = promises.filter((promise) => !promise.includes('*Proof:*'))
  expect(without.map((promise) => promise.split('\n')[0])).toEqual([])
})

/** As a literal of the source. */
function hasTest(source: string, title: string): boolean {
  return [`'${title}'`, `"${title}"`, `\`${title}\``].some((literal) => source.includes(literal))
}
