import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The script of the test runner, for a Node of one's own. A function: on a fresh clone it is there only once dependencies are installed. */
export function vitestScript() {
  return join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
}
