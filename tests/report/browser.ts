import type { Browser, Page } from 'playwright-core'

export { launch } from '../../scripts/browser.mjs'
export { browserPath } from '../../scripts/browser-path.mjs'

/** What a page did besides showing itself. */
export interface Watched {
  page: Page
  /** Console errors and exceptions. */
  errors: string[]
  /** Requests other than that of the page. */
  requests: string[]
}

/** Opens markup as a page of its own and watches it. */
export async function open(
  browser: Browser,
  file: string,
  options: { colorScheme?: 'light' | 'dark'; width?: number } = {},
): Promise<Watched> {
  const { colorScheme = 'light', width = 1280 } = options
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } })
  const page = await context.newPage()
  const errors: string[] = []
  const requests: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('request', (request) => {
    if (request.url() !== file && !request.url().startsWith('data:')) requests.push(request.url())
  })
  await page.goto(file)
  return { page, errors, requests }
}
