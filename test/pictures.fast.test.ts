/** The pictures of README.md: `npm run pictures` makes them from the demo. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { recordingOf } from '../scripts/pictures/recording.ts'
import { chapters } from '../src/commands/demo/story.ts'

const root = new URL('../', import.meta.url)
const recording = readFileSync(new URL('docs/pictures/demo.svg', root), 'utf8')

test('the README shows each of them, and each is smaller than 200 kB', () => {
  const shown = [...readFileSync(new URL('README.md', root), 'utf8').matchAll(/docs\/pictures\/([^")]+)/g)]
  const files = readdirSync(new URL('docs/pictures/', root)).sort()
  expect(shown.map(([, name]) => name).sort()).toEqual(files)
  for (const file of files)
    expect(statSync(new URL(`docs/pictures/${file}`, root)).size, file).toBeLessThan(200_000)
})

test('the recording has every chapter of the demo: otherwise, make it again', () => {
  for (const [index, { title }] of chapters.entries()) expect(recording).toContain(`>${index + 1}. ${title}<`)
})

test('a recording shows the lines of the output in their order, each once, and escapes them', () => {
  const lines = ['\x1b[1mAll\x1b[22m', '\x1b[2mselect a', "where b < 'c';\x1b[22m", '', '  x  y'].map(
    (text, index) => ({ text, at: 1000 * index }),
  )
  const texts = [...recordingOf('show', lines).matchAll(/<text(?: class="(.)")? x="([^"]+)".*>(.*)<\/text>/g)]
  expect(texts.map(([, style, x, text]) => [style, x, text])).toEqual([
    ['b', '0.0', '$ show'],
    ['b', '0.0', 'All'],
    ['d', '0.0', 'select a'],
    ['d', '0.0', "where b &lt; 'c';"],
    [undefined, '15.6', 'x  y'],
  ])
})

test('a recording shortens waits, and ends with a still picture before it begins again', () => {
  const shownAt = (waits: readonly number[]) => {
    let at = 0
    const lines = waits.map((wait) => {
      at += wait
      return { text: 'x', at }
    })
    const [, steps = ''] = /@keyframes uncover\{(.*)\}/.exec(recordingOf('show', lines)) ?? []
    return [...steps.matchAll(/([\d.]+)%/g)].map(([, percent]) => Number(percent))
  }
  expect(shownAt([5000, 1e6])).toEqual(shownAt([1e6, 5000]))
  expect(shownAt([5000, 1e6]).at(-1)).toBeCloseTo(88.33, 2)
})
