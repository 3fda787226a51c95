// The portable backend against plain onnxruntime-node on torch's own ONNX export of the same networks.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cacheFolder, python } from '../scripts/python.mjs'
import { median, middleHalf } from './tools.mjs'

const here = (file) => fileURLToPath(new URL(`./portable/${file}`, import.meta.url))
const folder = join(cacheFolder, 'bench')

const programs = ['mobilenet_v2', 'resnet50', 'vit_b_16', 'bert_base', 'gpt2_cached', 'whisper_tiny_encoder', 'unet_step']
const networks = ['mobilenet_v2', 'resnet50', 'lstm_tagger']

const predictRatioGoal = 1.05
/** Files of at least this size have the goal for loading as a ratio; smaller ones the absolute one below. */
const largeBytes = 50e6
const loadRatioGoal = 1.2
const smallLoadGoalMilliseconds = 60

function makeModels(names) {
  const missing = names.filter((name) => !existsSync(join(folder, name, 'inputs.json')))
  if (!existsSync(join(folder, 'tiny.onnx'))) missing.push('tiny')
  if (missing.length > 0) execFileSync(python(), [here('make_models.py'), folder, ...missing], { stdio: ['ignore', 2, 'inherit'] })
}

/** A process that has loaded a network with one runtime, and predicts when it is its turn. */
class Side {
  #child
  #lines

  constructor(runtime, name, file, threads) {
    this.#child = spawn(process.execPath, [here('run-one.mjs'), runtime, join(folder, name), file, String(threads)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** What the process says next. */
  async answer() {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('a measuring process ended early')
    return JSON.parse(value)
  }

  async turn(milliseconds) {
    this.#child.stdin.write(`${milliseconds}\n`)
    return this.answer()
  }

  end() {
    this.#child.stdin.end()
  }
}

/**
 * Loads a network in two fresh processes, one after the other, and lets them predict in turns of half a second: what else the machine does
 * falls on both sides alike.
 * @returns of either side: milliseconds of loading, of a prediction in each turn, peak memory in KiB
 */
async function measurePair(round, turns, name, file, threads) {
  const runtimes = [
    ['ours', file],
    ['peer', 'model.onnx'],
  ]
  const order = round % 2 ? runtimes.toReversed() : runtimes
  const measured = []
  for (const [runtime, which] of order) {
    const side = new Side(runtime, name, which, threads)
    measured.push({ runtime, side, load: (await side.answer()).load, predict: [], memory: 0 })
  }
  for (let i = 0; i < turns; i++) {
    for (const each of i % 2 ? measured.toReversed() : measured) {
      const { predict, memory } = await each.side.turn(500)
      each.predict.push(predict)
      each.memory = memory
    }
  }
  for (const { side } of measured) side.end()
  return runtimes.map(([runtime]) => measured.find((each) => each.runtime === runtime))
}

function ratioRow(name, ratios, goal, note) {
  return { name, ratio: median(ratios), spread: middleHalf(ratios), goal, peer: 'onnxruntime-node', note }
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
    const pairs = []
    for (let round = 0; round < (quick ? 2 : 5); round++) pairs.push(await measurePair(round, quick ? 2 : 6, name, file, threads))
    process.stderr.write('\r')
    const label = `${name} (${file.endsWith('mlmodel') ? 'NeuralNetwork' : 'ML Program'})`
    const [ours, peer] = [0, 1].map((side) => pairs.map((pair) => pair[side]))
    const ratios = (figure) => ours.flatMap((each, round) => ratiosOf([each[figure]].flat(), [peer[round][figure]].flat()))
    const figures = (figure) =>
      [ours, peer]
        .map((sides) => median(sides.flatMap((each) => each[figure])).toFixed(1))
        .join(' against ')
        .concat(' ms')
    rows.push(ratioRow(`predict ${label}`, ratios('predict'), { atMost: predictRatioGoal }, figures('predict')))
    if (statSync(join(folder, name, 'model.onnx')).size >= largeBytes) {
      rows.push(ratioRow(`load ${label}`, ratios('load'), { atMost: loadRatioGoal }, figures('load')))
    } else {
      const extra = ours.map((each, round) => each.load - peer[round].load)
      const goal = { atMost: smallLoadGoalMilliseconds }
      rows.push({ ...ratioRow(`load ${label}, beyond the peer's`, extra, goal, figures('load')), unit: 'ms' })
    }
    const megabytes = [ours, peer].map((sides) => (median(sides.map(({ memory }) => memory)) / 1024).toFixed(0)).join(' against ')
    rows.push(ratioRow(`peak memory ${label}`, ratios('memory'), { atMost: 1.2 }, `${megabytes} MiB`))
  }
  return rows
}

function ratiosOf(ours, peer) {
  return ours.map((value, index) => value / peer[index])
}
