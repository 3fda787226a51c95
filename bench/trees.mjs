// A gradient-boosted ensemble of 1000 trees: the portable backend against onnxruntime's TreeEnsembleRegressor and scikit-learn.
import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder, python } from '../scripts/python.mjs'
import { median } from './tools.mjs'

const here = (file) => fileURLToPath(new URL(`./trees/${file}`, import.meta.url))
const folder = join(cacheFolder, 'bench', 'trees')
/** The backend computes classic models in one thread, so the peers get one. */
const threads = 1

async function makeModels() {
  if (!existsSync(join(folder, 'model.pickle')))
    execFileSync(python(), [here('make_model.py'), folder], { stdio: ['ignore', 'ignore', 'inherit'] })
  const { treesAsOnnx } = await import('./trees/onnx.mjs')
  writeFileSync(join(folder, 'trees.onnx'), await treesAsOnnx(join(folder, 'trees.mlmodel')))
}

function measure(runtime, seconds) {
  const [command, ...args] =
    runtime === 'scikit-learn'
      ? [python(), here('run_sklearn.py'), folder, String(seconds)]
      : [process.execPath, here('run-one.mjs'), runtime, folder, String(seconds), String(threads)]
  const env = { ...process.env, OMP_NUM_THREADS: String(threads) }
  return JSON.parse(
    execFileSync(command, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] })
      .trim()
      .split('\n')
      .at(-1),
  )
}

/** All have to compute the same thing, or their times say nothing. */
function checkSame(results) {
  for (const { ours, ...peers } of results)
    for (const [peer, { first }] of Object.entries(peers))
      first.forEach((value, row) => {
        if (Math.abs(value - ours.first[row]) > 1e-3) throw new Error(`row ${row}: ${ours.first[row]}, but ${peer} gives ${value}`)
      })
}

/** @param {{ quick?: boolean }} options */
export async function run({ quick = false } = {}) {
  await makeModels()
  const peers = { onnxruntime: { atMost: 1.05 }, 'scikit-learn': { atMost: 1 } }
  const order = ['ours', ...Object.keys(peers)]
  const results = []
  for (let i = 0; i < (quick ? 2 : 5); i++) {
    process.stderr.write(`\rtrees ${i + 1}…   `)
    // Each goes first in turn, so that drift of the machine favours none.
    const turn = order.map((_, at) => order[(at + i) % order.length])
    results.push(Object.fromEntries(turn.map((runtime) => [runtime, measure(runtime, quick ? 0.5 : 2)])))
  }
  process.stderr.write('\r')
  checkSame(results)
  return Object.entries(peers).flatMap(([peer, goal]) =>
    [
      ['single', 'one row a call'],
      ['batch', '1000 rows a call'],
    ].map(([figure, what]) => {
      const ratios = results.map((result) => result.ours[figure] / result[peer][figure])
      const microseconds = (runtime) => median(results.map((result) => result[runtime][figure])).toFixed(1)
      return {
        name: `predict 1000 trees, ${what}`,
        ratio: median(ratios),
        spread: [Math.min(...ratios), Math.max(...ratios)],
        goal,
        peer,
        note: `${microseconds('ours')} against ${microseconds(peer)} µs a row, ${threads} thread`,
      }
    }),
  )
}
