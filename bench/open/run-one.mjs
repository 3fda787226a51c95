// One measuring process: node run-one.mjs open|read PATH. Prints milliseconds of the first call.
import { readFile } from 'node:fs/promises'

const [what, path] = process.argv.slice(2)
const { openModel } = await import('../../dist/format/index.js')
const start = performance.now()
const opened = what === 'open' ? await openModel(path) : await readFile(path)
const milliseconds = performance.now() - start
if (what === 'open' ? !opened.spec.type.case : opened.length < 90e6) throw new Error('nothing was opened')
console.log(milliseconds)
process.exit(0)
