// npm run bench [names…] [--quick] [--check] [--json]
// Runs bench/<name>.mjs, each of which exports run({ quick }) and gives rows { name, ratio, unit?, spread: [low, high], goal?: { atMost }, peer, note }.
import { readdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { build, installDependencies } from '../scripts/setup.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))
const known = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs') && !['run.mjs', 'tools.mjs'].includes(file))
  .map((file) => file.slice(0, -'.mjs'.length))

const args = process.argv.slice(2)
const flags = new Set(args.filter((arg) => arg.startsWith('--')))
const names = args.filter((arg) => !arg.startsWith('--'))
const wrong = [
  ...[...flags].filter((flag) => !['--quick', '--check', '--json'].includes(flag)),
  ...names.filter((name) => !known.includes(name)),
]
if (wrong.length > 0) {
  console.error(`there is no ${wrong.join(', ')}: npm run bench -- [${known.join('|')}]… [--quick] [--check] [--json]`)
  process.exit(2)
}

// onnxruntime records sessions and uploads the records unless this is set; this library sets it. Its peer gets the same.
process.env.ORT_DISABLE_TELEMETRY = '1'

installDependencies()
build()

const rows = []
for (const name of names.length > 0 ? names : known) {
  console.error(`bench ${name}`)
  const { run } = await import(`./${name}.mjs`)
  try {
    for (const row of await run({ quick: flags.has('--quick') }))
      rows.push({ bench: name, ...row, met: row.goal ? row.ratio <= row.goal.atMost : null })
  } catch (error) {
    rows.push({ bench: name, name, error: error instanceof Error ? error.message : String(error), met: false })
  }
}

const digits = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3))
if (flags.has('--json')) {
  console.log(JSON.stringify({ schemaVersion: 1, cpu: cpus()[0]?.model, node: process.version, rows }))
} else {
  console.log(`${cpus()[0]?.model}, ${cpus().length} logical cores, Node ${process.version}\n`)
  const cells = rows.map(({ name, ratio, unit = '×', spread, goal, peer, note, met, error }) =>
    error
      ? [name, 'failed', '', '', '', error]
      : [
          name,
          `${digits(ratio)} ${unit}`,
          `${digits(spread[0])} … ${digits(spread[1])}`,
          goal ? `≤ ${goal.atMost} ${met ? 'met' : 'MISSED'}` : '',
          peer,
          note ?? '',
        ],
  )
  const head = ['', 'ratio', 'spread', 'goal', 'peer', '']
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column].length)))
  for (const row of [head, ...cells])
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
}
if (flags.has('--check') && rows.some(({ met }) => met === false)) process.exit(1)
