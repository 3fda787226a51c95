// Makes README's picture: compares a sample model on this machine and photographs the top of the report, light and dark.
//   npm run build && node scripts/picture.mjs [MODEL]
// On a Mac it shows every compute unit; elsewhere the CPU, and why the others are missing.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { launch } from './browser.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const [model = 'models/transformer/transformer.mlpackage'] = process.argv.slice(2)
const command = (...args) =>
  execFileSync(process.execPath, ['dist/cli/main.js', ...args], { cwd: root, maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'inherit'] })

const folder = mkdtempSync(path.join(tmpdir(), 'coreml-bridge-picture-'))
const browser = await launch()
try {
  const [result, page] = [path.join(folder, 'result.json'), path.join(folder, 'report.html')]
  writeFileSync(result, command('compare', model, '--json'))
  command('report', result, '-o', page)
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ colorScheme, viewport: { width: 1100, height: 900 } })
    const view = await context.newPage()
    await view.goto(pathToFileURL(page).href)
    // Down to the end of the table.
    const table = await view.locator('table').first().boundingBox()
    const clip = { x: 0, y: 0, width: 1100, height: Math.ceil(table.y + table.height + 12) }
    await view.screenshot({ path: path.join(root, 'docs', `report-${colorScheme}.png`), clip })
    await context.close()
  }
} finally {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
}
