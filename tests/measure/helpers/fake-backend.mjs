/**
 * A backend for tests of the measuring protocol. A "model" is a JSON file that says how each unit behaves:
 * { units: { cpuOnly: { milliseconds, load, crash, hang, fail, wrong, nan, … } }, power, condition, … }. It sleeps instead of computing.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const sleep = (milliseconds) => {
  if (milliseconds > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
const forever = () => new Promise(() => setInterval(() => {}, 1000))

const started = process.hrtime.bigint()
const seconds = () => Number(process.hrtime.bigint() - started) / 1e9
let script
let busySeconds = 0

async function misbehave(unit, phase) {
  if (unit.crash === phase) {
    process.stderr.write(`fake: killed in ${phase}\n`)
    process.kill(process.pid, 'SIGKILL')
    await forever()
  }
  if (unit.exit === phase) process.exit(3)
  if (unit.hang === phase) await forever()
  if (unit.fail === phase) throw Object.assign(new Error(`fake failure in ${phase}`), { code: 'ERR_PREDICT' })
}

const description = {
  inputs: [
    { name: 'x', description: '', optional: false, type: 'multiArray', dataType: 'float32', shape: [1, 4], flexibility: { kind: 'fixed' } },
  ],
  outputs: [
    { name: 'y', description: '', optional: false, type: 'multiArray', dataType: 'float32', shape: [1, 4], flexibility: { kind: 'fixed' } },
  ],
  states: [],
  metadata: { shortDescription: '', version: '', author: '', license: '', userDefined: {} },
}

class FakeModel {
  constructor(unit, options, loadTimes) {
    this.backend = 'apple'
    this.computeUnits = options.computeUnits
    this.unitVerified = unit.unitVerified ?? true
    this.description = description
    this.loadTimes = loadTimes
    this.unit = unit
    this.predictions = 0
  }
  run(inputs) {
    const start = process.hrtime.bigint()
    const { milliseconds = 1, slower = 0, jitter = 0 } = this.unit
    const random = Math.abs(Math.sin(++this.predictions * 12.9898)) % 1
    sleep(milliseconds * (1 + jitter * random) + slower * this.predictions)
    busySeconds += Number(process.hrtime.bigint() - start) / 1e9
    const data = Float32Array.from(inputs.x.data, (value) => (this.unit.nan ? Number.NaN : 2 * value + (this.unit.wrong ?? 0)))
    return { outputs: { y: { type: 'float32', data, dims: [1, 4] } }, nativeNanoseconds: Number(process.hrtime.bigint() - start) }
  }
  async predict(inputs) {
    await misbehave(this.unit, 'predict')
    return this.run(inputs)
  }
  async predictBatch(batch) {
    return batch.map((inputs) => this.run(inputs))
  }
  async runTimed(inputs, { iterations = Number.POSITIVE_INFINITY, durationMilliseconds = Number.POSITIVE_INFINITY }) {
    await misbehave(this.unit, 'timed')
    const { qualityOfService = 'userInitiated' } = this.unit
    const start = process.hrtime.bigint()
    const elapsed = () => Number(process.hrtime.bigint() - start) / 1e6
    const samples = []
    let last
    do {
      last = this.run(inputs[samples.length % inputs.length])
      samples.push(last.nativeNanoseconds)
    } while (samples.length < iterations && elapsed() < durationMilliseconds)
    return { nanoseconds: Float64Array.from(samples), elapsedMilliseconds: elapsed(), outputs: last.outputs, qualityOfService }
  }
  newState() {
    return { dispose() {} }
  }
  async computePlan() {
    return this.unit.plan ?? { unavailable: 'no plan on this system' }
  }
  async dispose() {}
}

export const backend = {
  name: 'apple',
  available: () => true,
  computeUnits: async () => ({ cpuOnly: true, cpuAndGPU: true, cpuAndNeuralEngine: true, all: true }),
  async load(path, options) {
    const compiled = path.endsWith('.mlmodelc')
    script = JSON.parse(readFileSync(path, 'utf8'))
    const unit = script.units[options.computeUnits]
    await misbehave(unit, 'load')
    const cached = existsSync(`${path}.${options.computeUnits}.cache`)
    const load = cached ? (unit.cachedLoad ?? 5) : (unit.load ?? 20)
    sleep(load)
    writeFileSync(`${path}.${options.computeUnits}.cache`, '')
    return new FakeModel(unit, options, { compile: compiled ? { unavailable: 'compiled already' } : 7, load })
  },
  async compile(source, destination) {
    sleep(30)
    writeFileSync(destination, readFileSync(source))
  },
  condition() {
    const file = script?.conditionFile
    if (file && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'))
    return { thermalState: { value: 'nominal' }, lowPowerMode: { value: false } }
  },
  async powerCounters() {
    const power = script?.power
    if (!power) return { unavailable: 'no counters' }
    const joules = {}
    for (const [rail, { idle, work }] of Object.entries(power.rails)) joules[rail] = idle * seconds() + work * busySeconds
    return { joules, neuralEngineActiveSeconds: power.active ? busySeconds * power.active : { unavailable: 'none' } }
  },
}
