// One measuring process: node run-one.mjs read|open|decode|again PATH. Prints milliseconds of the first call (`again`: of the
// median of 20 after 50).
import { readFile } from 'node:fs/promises'
import { median } from '../tools.mjs'

const [what, path] = process.argv.slice(2)
const { openModel, operationsOf, functionBlock, programFunction } = await import('../../dist/format/index.js')

/** Opens the model; with `decode`, also asks for all its layers or operations. */
async function open(decode) {
  const file = await openModel(path)
  const { type } = file.spec
  let count = 0
  if (decode && type.case === 'mlProgram') for (const _ of operationsOf(functionBlock('main', programFunction(type.value, 'main')))) count++
  if (decode && type.case === 'neuralNetwork') count = type.value.layers.length
  if (decode ? count < 100 : !type.case) throw new Error('nothing was opened')
  file.close()
}

const actions = {
  open: () => open(false),
  decode: () => open(true),
  again: () => open(true),
  read: async () => {
    if ((await readFile(path)).length < 90e6) throw new Error('nothing was read')
  },
}

async function time() {
  const start = performance.now()
  await actions[what]()
  return performance.now() - start
}

if (what === 'again') {
  for (let i = 0; i < 50; i++) await time()
  const samples = []
  for (let i = 0; i < 20; i++) samples.push(await time())
  console.log(median(samples))
} else console.log(await time())
process.exit(0)
