import type { Browser } from 'playwright-core'
import { openPage, startBrowser } from '../../test/support/browser.ts'

const SIZE = { width: 1180, height: 1545 }
const QUALITY = 80

/** The top of the report of today at this address as WebP, light and dark. */
export async function photographReport(
  chromium: string,
  address: string,
): Promise<Record<'light' | 'dark', Buffer>> {
  const browser = await startBrowser(chromium)
  try {
    const light = await photograph(browser, address, 'light')
    const dark = await photograph(browser, address, 'dark')
    return { light, dark }
  } finally {
    await browser.close()
  }
}

async function photograph(browser: Browser, address: string, scheme: 'light' | 'dark'): Promise<Buffer> {
  const { page } = await openPage(browser, `${address}?period=today`, { ...SIZE, scheme })
  // Playwright itself makes no WebP, which is a third of a PNG.
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY })
  await page.close()
  return Buffer.from(data, 'base64')
}
