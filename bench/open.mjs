// Opening models of 100 MB against reading their largest file.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeNetwork, makeProgram } from './open/make-models.mjs'
import { alternate, measureInProcess, ratioRow } from './tools.mjs'

const one = fileURLToPath(new URL('./open/run-one.mjs', import.meta.url))

/** @param {{ quick?: boolean }} options */
export async function run({ quick = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'coreml-bridge-bench-'))
  try {
    const network = join(folder, 'network.mlmodel')
    const program = join(folder, 'program.mlpackage')
    await makeNetwork(network)
    await makeProgram(program)
    const cases = [
      ['.mlmodel', network, network],
      ['.mlpackage', program, join(program, 'Data/com.apple.CoreML/weights/weight.bin')],
    ]
    return cases.map(([kind, model, file]) => {
      const pairs = alternate(
        quick ? 5 : 20,
        () => measureInProcess(one, ['open', model]),
        () => measureInProcess(one, ['read', file]),
      )
      return ratioRow({
        name: `opening a ${kind} of 100 MB`,
        pairs,
        goal: { atMost: 0.05 },
        peer: 'reading the file',
        note: 'file in the page cache, first call of a process',
      })
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
