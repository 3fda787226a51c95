// The installed Chromium, for the report's tests and picture.
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

/** Where Debian's package puts the browser; `CHROMIUM` names another. */
export const browserPath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
)

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts the browser without a window and without anything that it does by itself on the network. */
export function launch() {
  return chromium.launch({ executablePath: browserPath, args: quiet })
}
