import type { ComputeUnits, PlannedOperation } from '../../src/backends/backend.ts'
import { recommend } from '../../src/measure/analysis/recommend.ts'
import { summarizeUnit } from '../../src/measure/analysis/unit.ts'
import { notesOf, verdictLine } from '../../src/measure/analysis/verdict.ts'
import { defaultSettings } from '../../src/measure/protocol/defaults.ts'
import type { PowerWindow } from '../../src/measure/protocol/track.ts'
import { newTrack, type Track } from '../../src/measure/protocol/track.ts'
import { seededRandom } from '../../src/measure/random.ts'
import {
  type Accuracy,
  type CompareResult,
  compareResult,
  type Environment,
  type Machine,
  type UnitResult,
} from '../../src/measure/result.ts'
import { median } from '../../src/measure/statistics/descriptive.ts'

/** How a scripted unit behaves. */
interface Script {
  units: ComputeUnits
  milliseconds: number
  load: number
  /** Watts by rail while predicting; null for counters that read zero. */
  watts?: Record<string, number> | null
  engineShare?: number
}

const environment = (at: number): Environment => ({
  at,
  thermalState: { value: 'nominal' },
  lowPowerMode: { value: false },
  powerSource: { value: 'mains' },
  loadAverage: { value: 1.2 },
})

function plan(engineShare: number): PlannedOperation[] {
  return Array.from({ length: 12 }, (_, i) => ({
    name: `op_${i}`,
    operator: i % 3 === 0 ? 'conv' : i % 3 === 1 ? 'relu' : 'softmax',
    preferred: i < 12 * engineShare ? 'neuralEngine' : 'cpu',
    supported: i < 12 * engineShare ? ['cpu', 'gpu', 'neuralEngine'] : ['cpu'],
    cost: i === 11 ? { unavailable: 'nil' } : 1 / 11,
  }))
}

function windows({ watts, milliseconds, engineShare }: Script): Track['power'] {
  if (watts === undefined) return { unavailable: 'no counters' }
  const idleWatts: Record<string, number> = { cpu: 0.4, gpu: 0.1, neuralEngine: 0, memory: 0.3 }
  const joules: Record<string, number> = { cpu: 0, gpu: 0, neuralEngine: 0, memory: 0 }
  let active = 0
  const counters = () => ({ joules: { ...joules }, neuralEngineActiveSeconds: active })
  const window = (idle: boolean, i: number): PowerWindow => {
    const before = counters()
    for (const rail of Object.keys(joules))
      joules[rail]! += watts === null ? 0 : idle ? idleWatts[rail]! : (watts[rail] ?? idleWatts[rail]!) * (1 + 0.01 * i)
    if (!idle && engineShare) active += 0.8
    return { seconds: 1, predictions: idle ? 0 : Math.round(1000 / milliseconds), before, after: counters() }
  }
  const idle = [window(true, 0)]
  const work = [0, 1, 2, 3, 4].map((i) => window(false, i))
  return { idle: [...idle, window(true, 0)], work }
}

function measuredTrack(script: Script, seed: number): Track {
  const random = seededRandom(seed)
  const track = newTrack(script.units)
  track.compile = 210
  track.coldLoad = script.load * 8
  track.cachedLoads = [script.load]
  track.firstPredictions = [script.milliseconds * 2.5]
  track.afterIdle = [1.3, 1.2, 1.4].map((factor) => factor * script.milliseconds)
  track.warmUpPredictions = 120
  track.qualitiesOfService.add('userInitiated')
  for (let round = 0; round < 10; round++) {
    const effect = Math.exp(0.01 * random.normal())
    const samples = Array.from({ length: 60 }, () => script.milliseconds * effect * (1 + 0.04 * Math.exp(0.8 * random.normal())))
    const at = 900 + round * 880 + seed * 210
    const disturbed = script.units === 'cpuAndGPU' && round === 6 ? 'other processes kept 3.1 of 10 cores busy' : null
    const before = environment(at)
    track.blocks.push({
      run: 0,
      round,
      samples,
      median: median(samples),
      foreignCores: disturbed ? 3.1 : 0.2,
      before,
      after: environment(at + 205),
      disturbed,
    })
  }
  track.roundTrip = [0.031, 0.029, 0.04]
  track.batch = { predictions: 800, elapsedMilliseconds: 8 * script.milliseconds * 90 }
  track.inFlight = { predictions: 300, elapsedMilliseconds: 280 * script.milliseconds }
  track.sustained = [1, 0.99, 0.97, 0.96].map((share) => (share * 1000) / script.milliseconds)
  track.power = windows(script)
  track.plan = script.engineShare === undefined ? { unavailable: 'plans need macOS 14.4' } : plan(script.engineShare)
  track.peakMemory = 310e6
  return track
}

const scripts: readonly Script[] = [
  { units: 'cpuOnly', milliseconds: 21, load: 45, watts: { cpu: 9 }, engineShare: 0 },
  { units: 'cpuAndGPU', milliseconds: 6, load: 160, watts: null },
  { units: 'cpuAndNeuralEngine', milliseconds: 1.5, load: 420, watts: { cpu: 1.1, neuralEngine: 3.2, memory: 0.9 }, engineShare: 0.75 },
]

function accuracy(units: ComputeUnits): Accuracy {
  const psnr = { cpuOnly: 71.2, cpuAndGPU: 58.4, cpuAndNeuralEngine: 52.9, all: 50 }[units]
  const shared = { cosine: 0.99999, maxError: 0.0021, nonFinite: 0, passed: true }
  return {
    status: 'checked',
    passed: true,
    reference: 'portableFloat32',
    samples: 8,
    outputs: [
      { ...shared, name: 'probabilities', psnr, top1: 1, top5: 1, note: null },
      { ...shared, name: 'label', psnr: null, cosine: null, maxError: null, top1: 1, top5: null, note: null },
    ],
  }
}

/** A result as a Mac would give it, made from scripted measurements: four units, one crashed, one whose energy counters read zero. */
export function macResult({ chip = 'M4', speed = 1, createdAt = '2026-11-20T10:00:00.000Z', names = ['MobileNetV2'] } = {}): CompareResult {
  const machine: Required<Machine> = {
    platform: 'darwin',
    architecture: 'arm64',
    osRelease: '25.1.0',
    cpu: `Apple ${chip}`,
    chip,
    cores: 10,
    memoryBytes: 24e9,
    node: 'v22.12.0',
    translated: { value: false },
    model: { value: 'Mac16,10' },
    osVersion: { value: '26.1' },
    osBuild: { value: '25B78' },
    performanceCores: { value: 4 },
    efficiencyCores: { value: 6 },
    gpus: { value: [`Apple ${chip}`] },
    neuralEngineCores: { value: 16 },
    thermalState: { value: 'nominal' },
    lowPowerMode: { value: false },
  }
  const settings = { ...defaultSettings, sustainMilliseconds: 40_000 }
  const models = names.map((name) => {
    const tracks = scripts.map((script, i) => measuredTrack({ ...script, milliseconds: script.milliseconds / speed }, i + 1))
    const crashed = newTrack('all')
    crashed.end = { status: 'crashed', phase: 'first prediction', how: 'SIGKILL', output: 'E5RT: ANECCompile() FAILED' }
    const units: UnitResult[] = [...tracks, crashed].map((track) =>
      summarizeUnit(track, { backend: 'apple', settings, comparisons: 6, reference: tracks[0]!, accuracy: accuracy(track.units) }),
    )
    const recommendations = recommend(
      units.filter((unit) => unit.status === 'measured'),
      6,
    )
    const verdict = verdictLine(units, recommendations[0]!.units, machine)
    return { name, path: `${name}.mlpackage`, bytes: 14_200_000, family: 'cnn', units, recommendations, verdict, notes: notesOf(units) }
  })
  const result: CompareResult = {
    schemaVersion: 1,
    kind: 'compare',
    version: '0.1.0',
    createdAt,
    machine,
    protocol: {
      backend: 'apple',
      seed: 7,
      qualityOfService: { value: 'userInitiated' },
      settings: { ...settings },
      comparisons: 6,
      durationMilliseconds: 61_000,
    },
    models,
  }
  return compareResult.parse(result)
}
