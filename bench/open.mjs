// Opening models of 100 MB against reading their largest file.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeNetwork, makeProgram } from './open/make-models.mjs'
import { alternate, measureInProcess, ratioRow } from './tools.mjs'

const one = fileURLToPath(new URL('./open/run-one.mjs', import.meta.url))

/** What is measured; `share` of the rounds. Only the first has a goal, the others show what it leaves to be done later. */
const ways = [
  {
    what: 'open',
    name: 'opening a KIND of 100 MB',
    goal: { atMost: 0.05 },
    share: 1,
    note: 'file in the page cache, first call of a process',
  },
  { what: 'decode', name: 'opening a KIND of 100 MB, every op decoded', share: 0.5, note: 'first call of a process' },
  { what: 'again', name: 'opening a KIND of 100 MB, every op decoded, again', share: 0.5, note: 'after 50 calls' },
]

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
    const rounds = quick ? 5 : 20
    return cases.flatMap(([kind, model, file]) =>
      ways.map(({ what, name, goal, note, share }) => {
        const pairs = alternate(
          Math.ceil(rounds * share),
          () => measureInProcess(one, [what, model]),
          () => measureInProcess(one, ['read', file]),
        )
        return ratioRow({ name: name.replace('KIND', kind), pairs, goal, peer: 'reading the file', note })
      }),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
