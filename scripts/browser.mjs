// The installed Chromium, for the report's tests and picture.
import { chromium } from 'playwright-core'
import { browserPath } from './browser-path.mjs'

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
