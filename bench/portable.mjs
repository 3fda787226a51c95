// The portable backend against plain onnxruntime-node on torch's own ONNX export of the same networks.
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder, python } from '../scripts/python.mjs'
import { alternate, measureInProcess, median } from './tools.mjs'

const here = (file) => fileURLToPath(new URL(`./portable/${file}`, import.meta.url))
const folder = join(cacheFolder, 'bench')

const programs = ['mobilenet_v2', 'resnet50', 'vit_b_16', 'bert_base', 'gpt2_cached', 'whisper_tiny_encoder', 'unet_step']
const networks = ['mobilenet_v2', 'resnet50', 'lstm_tagger']

/** Files of at least this size have the goal for loading as a ratio; smaller ones the absolute one below. */
const largeBytes = 50e6
const loadRatioGoal = 1.2
const smallLoadGoalMilliseconds = 60
/** Predictions shorter than this are dominated by the way to the worker thread and have no ratio goal. */
const shortestPredictionMilliseconds = 5

function makeModels(names) {
  const missing = names.filter((name) => !existsSync(join(folder, name, 'inputs.json')))
  if (!existsSync(join(folder, 'tiny.onnx'))) missing.push('tiny')
  if (missing.length > 0) execFileSync(python(), [here('make_models.py'), folder, ...missing], { stdio: ['ignore', 2, 'inherit'] })
}

function measure(runtime, name, file, seconds, threads) {
  return measureInProcess(here('run-one.mjs'), [runtime, join(folder, name), file, seconds, threads])
}

function ratioRow(name, pairs, figure, goal, note) {
  const ratios = pairs.map(([ours, peer]) => ours[figure] / peer[figure])
  return { name, ratio: median(ratios), spread: [Math.min(...ratios), Math.max(...ratios)], goal, peer: 'onnxruntime-node', note }
}

/** @param {{ quick?: boolean }} options */
export async function run({ quick = false } = {}) {
  const threads = Math.min(2, availableParallelism())
  const wanted = process.env.BENCH_NETWORKS?.split(',')
  const cases = [...programs.map((name) => [name, 'model.mlpackage']), ...networks.map((name) => [name, 'model.mlmodel'])].filter(
    ([name]) => !wanted || wanted.includes(name),
  )
  makeModels([...new Set(cases.map(([name]) => name))])
  const rows = []
  for (const [name, file] of cases) {
    process.stderr.write(`\r${name} ${file.split('.')[1]}…   `)
    const seconds = quick ? 1 : 3
    const pairs = alternate(
      quick ? 2 : 5,
      () => measure('ours', name, file, seconds, threads),
      () => measure('peer', name, 'model.onnx', seconds, threads),
    )
    process.stderr.write('\r')
    const label = `${name} (${file.endsWith('mlmodel') ? 'NeuralNetwork' : 'ML Program'})`
    const peerMilliseconds = median(pairs.map(([, peer]) => peer.predict))
    const figures = (figure) =>
      `${median(pairs.map(([ours]) => ours[figure])).toFixed(1)} against ${median(pairs.map(([, peer]) => peer[figure])).toFixed(1)} ms`
    const long = peerMilliseconds >= shortestPredictionMilliseconds
    rows.push(ratioRow(`predict ${label}`, pairs, 'predict', long ? { atMost: 1.05 } : undefined, figures('predict')))
    if (statSync(join(folder, name, 'model.onnx')).size >= largeBytes) {
      rows.push(ratioRow(`load ${label}`, pairs, 'load', { atMost: loadRatioGoal }, figures('load')))
    } else {
      const extra = pairs.map(([ours, peer]) => ours.load - peer.load)
      rows.push({
        name: `load ${label}, beyond the peer's`,
        ratio: median(extra),
        unit: 'ms',
        spread: [Math.min(...extra), Math.max(...extra)],
        goal: { atMost: smallLoadGoalMilliseconds },
        peer: 'onnxruntime-node',
        note: figures('load'),
      })
    }
    rows.push(ratioRow(`peak memory ${label}`, pairs, 'memory', { atMost: 1.2 }))
  }
  return rows
}
