/**
 * `npm run pictures`: makes the pictures of README.md from one run of the demo, into `docs/pictures`: its output as an
 * animated SVG, and its report, light and dark. It needs Linux, and Chromium on PATH.
 */
import { writeFileSync } from 'node:fs'
import { findChromium } from '../../test/support/browser.ts'
import { watchDemo } from './demo-output.ts'
import { recordingOf } from './recording.ts'
import { photographReport } from './report-picture.ts'

const folder = new URL('../../docs/pictures/', import.meta.url)
const save = (name: string, data: string | Buffer) => writeFileSync(new URL(name, folder), data)

async function makePictures(chromium: string): Promise<void> {
  const lines = await watchDemo(console.log, async (shown) => {
    const address = shown.map(({ text }) => /^ {3}report +(\S+)/.exec(text)?.[1]).find(Boolean)
    if (address === undefined) throw new Error('The demo did not print the address of its report.')
    const { light, dark } = await photographReport(chromium, address)
    save('report-light.webp', light)
    save('report-dark.webp', dark)
  })
  save('demo.svg', recordingOf('npm run demo', lines))
}

const chromium = findChromium()
if (chromium === null) {
  console.error('There is no Chromium on PATH: install one.')
  process.exit(1)
}
await makePictures(chromium)
