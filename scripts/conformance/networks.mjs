// The suite `networks`: networks of torchvision and Hugging Face at their published sizes, with random weights (scripts/networks),
// converted by coremltools in several precisions, predicted by the portable backend and compared with torch.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const make = fileURLToPath(new URL('../networks/make.py', import.meta.url))
const dist = (path) => new URL(`../../dist/${path}`, import.meta.url).href

/** Names of the networks. */
export function networkNames(interpreter) {
  return runPython(interpreter, ['--list']).split('\n').filter(Boolean)
}

/** Makes, predicts and deletes the networks one after the other, prints a row for each precision and returns the rows as counted tests. */
export async function runNetworks(interpreter, names, size = 'real') {
  const tests = []
  for (const name of names) {
    const folder = mkdtempSync(join(tmpdir(), 'networks-'))
    try {
      runPython(interpreter, [folder, size, name])
      tests.push(...(await measureNetwork(folder, name)))
    } catch (error) {
      tests.push(await outcomeOf(name, Number.NaN, () => Promise.reject(error)))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  return tests
}

/** The rows of a network that make.py made in a folder. */
export async function measureNetwork(folder, name) {
  const { states, precisions } = JSON.parse(readFileSync(join(folder, name, 'card.json'), 'utf8'))
  const tests = []
  for (const [precision, entry] of Object.entries(precisions))
    tests.push(await outcomeOf(`${name} in ${precision}`, entry.least, () => psnrOfNetwork(join(folder, name), states, entry)))
  return tests
}

async function outcomeOf(test, least, measure) {
  const { psnr, reason } = await measure().then(
    (psnr) => ({ psnr, reason: `${psnr.toFixed(1)} dB, at least ${least} dB are asked for` }),
    (error) => ({ psnr: Number.NaN, reason: String(error) }),
  )
  const outcome = psnr >= least ? 'passed' : 'failed'
  console.log(`  ${test.padEnd(34)}${(Number.isNaN(psnr) ? 'error' : `${psnr.toFixed(1)} dB`).padStart(12)}  (≥ ${least})  ${outcome}`)
  return { test, outcome, reason, psnr }
}

/** The lowest PSNR of all outputs in all cases, in dB. */
async function psnrOfNetwork(folder, states, { model: file, expected: results, run }) {
  const { Model } = await import(dist('index.js'))
  const expected = await casesOf(join(folder, results))
  const model = await Model.load(join(folder, file), { backend: 'portable', precision: run })
  try {
    const state = states ? model.newState() : undefined
    let lowest = Number.POSITIVE_INFINITY
    for (const [index, inputs] of (await casesOf(join(folder, 'inputs.npz'))).entries()) {
      const outputs = await model.predict(inputs, { state })
      for (const [name, tensor] of Object.entries(expected[index]))
        lowest = Math.min(lowest, await psnrOfTensors(name, tensor, outputs[name]))
    }
    return lowest
  } finally {
    await model.dispose()
  }
}

async function psnrOfTensors(name, expected, actual) {
  const { psnrOf } = await import(dist('measure/accuracy.js'))
  const { toNumbers } = await import(dist('model/convert.js'))
  if (String(actual?.dims) !== String(expected.dims)) throw new Error(`${name} is [${actual?.dims}], torch gives [${expected.dims}]`)
  const [wanted, got] = [expected, actual].map(({ data, type }) => toNumbers(data, type))
  let largest = 0
  let squares = 0
  for (let i = 0; i < wanted.length; i++) {
    largest = Math.max(largest, Math.abs(wanted[i]))
    squares += (wanted[i] - got[i]) ** 2
  }
  return psnrOf(largest, squares, wanted.length)
}

/** Arrays of a file by case, by feature: they are stored as `case<i>/<feature>`. */
async function casesOf(file) {
  const { decodeNpz } = await import(dist('npy/npz.js'))
  const cases = []
  for (const [path, array] of await decodeNpz(readFileSync(file))) {
    const [, index, feature] = /^case(\d+)\/(.+)$/.exec(path)
    cases[index] = { ...cases[index], [feature]: array }
  }
  return cases
}

function runPython(interpreter, args) {
  const { status, stdout, stderr } = spawnSync(interpreter, [make, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 })
  if (status !== 0) throw new Error(`make.py ended with ${status}: ${stderr.slice(-600)}`)
  return stdout
}
