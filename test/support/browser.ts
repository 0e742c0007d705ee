/** A real Chromium, if this machine has one. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, chromium, type Page } from 'playwright-core'

export function findChromium(): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
      try {
        accessSync(join(folder, name), constants.X_OK)
        return join(folder, name)
      } catch {
        // Not there.
      }
    }
  }
  return null
}

export function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath })
}

export interface OpenPage {
  readonly page: Page
  /** What the page wrote to the console, and what its policy refused. */
  readonly complaints: readonly string[]
}

export async function openPage(
  browser: Browser,
  url: string,
  {
    width = 1280,
    height = 900,
    scheme = 'light',
    hasClock = false,
  }: {
    readonly width?: number
    readonly height?: number
    readonly scheme?: 'light' | 'dark'
    /** The test can put the clock of the page forward: `page.clock`. */
    readonly hasClock?: boolean
  } = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme })
  const page = await context.newPage()
  if (hasClock) await page.clock.install()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', ({ message }) => complaints.push(message))
  await page.goto(url)
  return { page, complaints }
}

/** Serious faults of accessibility: the rule, and where it is broken. */
export async function accessFaults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' ')}`)
}
