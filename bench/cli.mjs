// Start-up of the command against Node's own.
import { fileURLToPath } from 'node:url'
import { alternate, processMilliseconds, ratioRow } from './tools.mjs'

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

/** @param {{ quick?: boolean }} options */
export async function run({ quick = false } = {}) {
  const rounds = quick ? 10 : 40
  const rows = []
  for (const args of [['--version'], ['--help'], ['predict', '--help']]) {
    const pairs = alternate(
      rounds,
      () => processMilliseconds([main, ...args]),
      () => processMilliseconds(['-e', '0']),
    )
    rows.push(ratioRow({ name: `start-up: coreml-bridge ${args.join(' ')}`, pairs, goal: { atMost: 1.5 }, peer: 'node -e 0' }))
  }
  return rows
}
