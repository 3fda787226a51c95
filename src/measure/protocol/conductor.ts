import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ComputeUnits, LoadOptions } from '../../backends/backend.ts'
import type { CompareEvent } from '../events.ts'
import { seededRandom } from '../random.ts'
import type { Environment } from '../result.ts'
import { median } from '../statistics/descriptive.ts'
import { durationText } from '../words.ts'
import type { BackendChoice, CallName, Calls, InputSource } from './calls.ts'
import type { ProtocolSettings } from './defaults.ts'
import { disturbance, machineCpuMilliseconds, readEnvironment } from './environment.ts'
import type { MachineCondition, PowerCounters } from './measurable-backend.ts'
import { newTrack, type PowerWindow, type Track } from './track.ts'
import { UnitEndError, UnitProcess } from './unit-process.ts'

/** One model to be measured on some units. */
export interface Assignment {
  name: string
  model: string
  backend: BackendChoice
  units: readonly ComputeUnits[]
  loadOptions: Partial<LoadOptions>
  inputs: InputSource
  settings: ProtocolSettings
  seed: number
  /** Outputs to collect from each unit. */
  cases: number
  signal?: AbortSignal
  onEvent?: (event: CompareEvent) => void
}

/** Windows of work between readings of the energy counters; one of rest before and one after are the idle baseline. */
const energyWindows = 5
/** A slow model's batch is left out where it would take longer than this, in milliseconds. */
const longestBatch = 5000
/** Pauses before a prediction "after idle". */
const idleRepeats = 3

/**
 * Measures one model on each unit, each in a process of its own. Units take turns block by block in a random order that `seed` fixes, so that a machine
 * that gets warmer or busier touches all of them alike. A unit that crashes, hangs or fails ends there; the others go on.
 */
export async function conduct(assignment: Assignment): Promise<Track[]> {
  return new Conductor(assignment).run()
}

class Conductor {
  private readonly assignment: Assignment
  private readonly tracks: Track[]
  private readonly random
  private readonly start = performance.now()
  private condition: MachineCondition | null = null

  constructor(assignment: Assignment) {
    this.assignment = assignment
    this.tracks = assignment.units.map(newTrack)
    this.random = seededRandom(assignment.seed)
  }

  async run(): Promise<Track[]> {
    const { settings, signal } = this.assignment
    const stop = () => {
      for (const track of this.tracks) void track.process?.kill()
    }
    signal?.addEventListener('abort', stop)
    const folder = await mkdtemp(path.join(os.tmpdir(), 'coreml-bridge-compare-'))
    try {
      for (let run = 0; run < settings.runs; run++) {
        const last = run === settings.runs - 1
        for (const track of this.shuffled()) await this.open(track, run, path.join(folder, `${track.units}.mlmodelc`))
        await this.rounds(run)
        if (last) await this.extras()
        for (const track of this.tracks) await this.close(track)
      }
      signal?.throwIfAborted()
      return this.tracks
    } finally {
      signal?.removeEventListener('abort', stop)
      await Promise.all(this.tracks.map((track) => track.process?.kill()))
      await rm(folder, { recursive: true, force: true })
    }
  }

  private get running(): Track[] {
    return this.tracks.filter(({ end }) => end === null)
  }

  private shuffled(): Track[] {
    return this.random.shuffle(this.running)
  }

  private tell(event: CompareEvent): void {
    this.assignment.onEvent?.(event)
  }

  /** Asks a unit's process; where that ends the unit, notes how and gives `undefined`. */
  private async ask<Name extends CallName>(
    track: Track,
    name: Name,
    request: Calls[Name]['request'],
    phase: string,
  ): Promise<Calls[Name]['response'] | undefined> {
    this.assignment.signal?.throwIfAborted()
    if (track.end !== null || track.process === null) return undefined
    try {
      return await track.process.call(name, request, phase, this.assignment.settings.timeoutMilliseconds)
    } catch (error) {
      this.assignment.signal?.throwIfAborted()
      if (!(error instanceof UnitEndError)) throw error
      track.end = error.end
      track.process = null
      this.tell({ type: 'unitEnded', model: this.assignment.name, units: track.units, ...error.end })
      return undefined
    }
  }

  private phase(track: Track, phase: string): void {
    this.tell({ type: 'phase', model: this.assignment.name, units: track.units, phase })
  }

  /** Starts a unit's process (in the first run after one that loads cold), loads, predicts once and warms up. */
  private async open(track: Track, run: number, compiled: string): Promise<void> {
    const { settings, backend } = this.assignment
    const source = this.assignment.model
    let model = typeof track.compile === 'number' ? compiled : source
    if (run === 0) {
      this.phase(track, 'cold load')
      track.process = new UnitProcess()
      const compileTime = await this.ask(track, 'compile', { backend, model: source, destination: compiled }, 'compile')
      if (compileTime === undefined) return
      track.compile = compileTime
      if (typeof compileTime === 'number') model = compiled
      const cold = await this.load(track, model, 'cold load')
      if (cold === undefined) return
      track.coldLoad = cold.milliseconds
      if (typeof compileTime !== 'number') track.compile = cold.compileMilliseconds
      await this.close(track)
    }
    this.phase(track, 'load')
    track.process = new UnitProcess()
    this.condition = (await this.ask(track, 'condition', { backend }, 'load')) ?? this.condition
    const loaded = await this.load(track, model, 'load')
    if (loaded === undefined) return
    track.cachedLoads.push(loaded.milliseconds)
    track.unitVerified = loaded.unitVerified
    track.description = loaded.description
    const first = await this.ask(track, 'predict', {}, 'first prediction')
    if (first === undefined) return
    track.firstPredictions.push(first / 1e6)
    if (run === 0) track.plan = (await this.ask(track, 'plan', {}, 'plan')) ?? track.plan
    this.phase(track, 'warm-up')
    const made = await this.ask(
      track,
      'warmUp',
      {
        iterations: settings.warmUpIterations,
        milliseconds: settings.warmUpMilliseconds,
        limitMilliseconds: settings.warmUpLimitMilliseconds,
      },
      'warm-up',
    )
    track.warmUpPredictions += made ?? 0
  }

  private load(track: Track, model: string, phase: string) {
    const { backend, loadOptions, inputs } = this.assignment
    return this.ask(track, 'load', { backend, model, options: { ...loadOptions, computeUnits: track.units }, inputs }, phase)
  }

  /** All timed blocks of one run: in each round every unit has one block, in random order. */
  private async rounds(run: number): Promise<void> {
    const { blocks, blockRepeats } = this.assignment.settings
    let repeats = blockRepeats
    for (let round = 0; round < blocks; round++) {
      for (const track of this.shuffled()) {
        let block = await this.block(track, run, round)
        while (block?.disturbed && repeats > 0) {
          repeats--
          block = await this.block(track, run, round)
        }
        if (block === undefined) continue
        track.blocks.push(block)
        this.tell({
          type: 'block',
          model: this.assignment.name,
          units: track.units,
          round: run * blocks + round,
          rounds: blocks * this.assignment.settings.runs,
          median: block.median,
        })
      }
    }
  }

  private environment(): Promise<Environment> {
    return readEnvironment(this.condition, this.start)
  }

  private async block(track: Track, run: number, round: number) {
    const { blockIterations, blockMilliseconds, settleMilliseconds, foreignShare } = this.assignment.settings
    const before = await this.environment()
    // A unit that had no pause needs no settling, and one that is slower than the settling time would only predict once more.
    const rested = this.running.length > 1 && (track.blocks.at(-1)?.median ?? 0) < settleMilliseconds
    const own = process.cpuUsage()
    const machine = machineCpuMilliseconds()
    const begin = performance.now()
    const timed = await this.ask(
      track,
      'timed',
      { iterations: blockIterations, milliseconds: blockMilliseconds, settleMilliseconds: rested ? settleMilliseconds : 0 },
      'steady',
    )
    if (timed === undefined) return undefined
    if (timed.qualityOfService !== null) track.qualitiesOfService.add(timed.qualityOfService)
    const elapsed = performance.now() - begin
    const { user, system } = process.cpuUsage(own)
    const foreign = machineCpuMilliseconds() - machine - timed.cpuMilliseconds - (user + system) / 1000
    if (this.condition)
      this.condition = (await this.ask(track, 'condition', { backend: this.assignment.backend }, 'steady')) ?? this.condition
    const after = await this.environment()
    const foreignCores = Math.max(0, foreign / elapsed)
    const samples = Array.from(timed.nanoseconds, (nanoseconds) => nanoseconds / 1e6)
    return {
      run,
      round,
      samples,
      median: median(samples),
      foreignCores,
      before,
      after,
      disturbed: disturbance(before, after, foreignCores, foreignShare),
    }
  }

  /** What is measured once, after the blocks. */
  private async extras(): Promise<void> {
    const { idleMilliseconds, batchSize, inFlight, extraMilliseconds: milliseconds, sustainMilliseconds } = this.assignment.settings
    for (let i = 0; i < idleRepeats && idleMilliseconds > 0; i++) {
      for (const track of this.running) this.phase(track, 'after idle')
      await pause(idleMilliseconds, undefined, { signal: this.assignment.signal })
      for (const track of this.shuffled()) {
        const after = await this.ask(track, 'predict', {}, 'after idle')
        if (after !== undefined) track.afterIdle.push(after / 1e6)
      }
    }
    for (const track of this.shuffled()) {
      this.phase(track, 'throughput')
      track.roundTrip = (await this.ask(track, 'roundTrip', { milliseconds }, 'JavaScript round trip')) ?? []
      const batchMilliseconds = batchSize * (track.blocks.at(-1)?.median ?? 0)
      if (batchMilliseconds > longestBatch)
        track.batch = { unavailable: `a batch of ${batchSize} would take ${durationText(batchMilliseconds)}` }
      else track.batch = (await this.ask(track, 'batch', { size: batchSize, milliseconds }, 'batch')) ?? track.batch
      track.inFlight = (await this.ask(track, 'inFlight', { count: inFlight, milliseconds }, 'in flight')) ?? track.inFlight
      await this.energy(track)
      track.outputs = (await this.ask(track, 'outputs', { limit: this.assignment.cases }, 'outputs')) ?? []
      track.peakMemory = (await this.ask(track, 'peakMemory', {}, 'memory')) ?? track.peakMemory
    }
    // Heat carries over from one unit to the next, so sustained runs are one after another with the pause of a process change between them.
    if (sustainMilliseconds > 0) for (const track of this.shuffled()) await this.sustain(track)
  }

  private async sustain(track: Track): Promise<void> {
    const { sustainMilliseconds, sustainWindowMilliseconds } = this.assignment.settings
    const windows = Math.max(2, Math.round(sustainMilliseconds / sustainWindowMilliseconds))
    for (let i = 0; i < windows; i++) {
      this.tell({ type: 'sustain', model: this.assignment.name, units: track.units, window: i, windows })
      const request = { iterations: Number.MAX_SAFE_INTEGER, milliseconds: sustainMilliseconds / windows, settleMilliseconds: 0 }
      const timed = await this.ask(track, 'timed', request, 'sustained')
      if (timed === undefined) return
      track.sustained.push((timed.nanoseconds.length / timed.elapsedMilliseconds) * 1000)
    }
  }

  /** Counters around windows of work, and around idle ones before and after. */
  private async energy(track: Track): Promise<void> {
    const { energyMilliseconds: milliseconds } = this.assignment.settings
    const first = await this.ask(track, 'power', {}, 'energy')
    if (first === undefined || 'unavailable' in first) {
      track.power = first ?? track.power
      return
    }
    this.phase(track, 'energy')
    const power: { idle: PowerWindow[]; work: PowerWindow[] } = { idle: [], work: [] }
    const rest = async () => {
      await pause(milliseconds, undefined, { signal: this.assignment.signal })
      return 0
    }
    const work = async () => {
      const request = { iterations: Number.MAX_SAFE_INTEGER, milliseconds, settleMilliseconds: 0 }
      return (await this.ask(track, 'timed', request, 'energy'))?.nanoseconds.length ?? 0
    }
    let before: PowerCounters = first
    for (let i = 0; i < energyWindows + 2; i++) {
      const idle = i === 0 || i === energyWindows + 1
      const begin = performance.now()
      const predictions = await (idle ? rest() : work())
      const after = await this.ask(track, 'power', {}, 'energy')
      if (after === undefined || 'unavailable' in after) {
        track.power = after ?? track.power
        return
      }
      power[idle ? 'idle' : 'work'].push({ seconds: (performance.now() - begin) / 1000, predictions, before, after })
      before = after
    }
    track.power = power
  }

  private async close(track: Track): Promise<void> {
    const { process } = track
    track.process = null
    await process?.close()
  }
}
