// The addon as built against the stand-in for Core ML, and the stand-in's switches.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, expect } from 'vitest'
import type { AppleBinding } from '../../../src/backends/apple/binding.ts'
import { setBindingForTests } from '../../../src/backends/apple/load-binding.ts'

/** The machine that the stand-in plays, and how awkward it is; native/standin/control.h says more. */
export interface Settings {
  osVersion: 13 | 14 | 14.4 | 15 | 26
  neuralEngine: boolean
  gpu: boolean
  registryAnswers: boolean
  engineDriver: 0 | 1 | 2
  translated: boolean
  lowPower: boolean
  thermalState: number
  refuseQualityOfService: boolean
  compileMilliseconds: number
  compileFiles: number
  compileBare: boolean
  loadMilliseconds: number
  unloadMilliseconds: number
  newStateMilliseconds: number
  predictMicroseconds: number
  releaseMilliseconds: number
  refuseBackings: 0 | 1 | 2
  paddingElements: number
  elementStride: number
  shortMemory: boolean
  undefinedOutputs: boolean
  /** MLModelError code + 1; 0 for none. */
  compileError: number
  loadError: number
  predictError: number
  throwFromCompile: boolean
  throwFromLoad: boolean
  throwFromNewState: boolean
  throwFromPredict: boolean
  throwFromPlan: boolean
  throwFromDecode: boolean
  throwFromDevices: boolean
  throwFromEnergy: boolean
  /** 9 for SIGKILL; 0 for none. */
  predictSignal: number
  hangInPredict: boolean
  nilWithoutError: boolean
  failPlan: boolean
  failFunctionNames: boolean
  energyGated: boolean
  energyMissing: boolean
  forbidExternalBuffers: boolean
  /** Whatever its value: the count begins anew. */
  maximumOverlap: 0
}

const plain: Settings = {
  osVersion: 26,
  neuralEngine: true,
  gpu: true,
  registryAnswers: true,
  engineDriver: 0,
  translated: false,
  lowPower: false,
  thermalState: 0,
  refuseQualityOfService: false,
  compileMilliseconds: 0,
  compileFiles: 0,
  compileBare: false,
  loadMilliseconds: 0,
  unloadMilliseconds: 0,
  newStateMilliseconds: 0,
  predictMicroseconds: 0,
  releaseMilliseconds: 20,
  refuseBackings: 0,
  paddingElements: 5,
  elementStride: 1,
  shortMemory: false,
  undefinedOutputs: false,
  compileError: 0,
  loadError: 0,
  predictError: 0,
  throwFromCompile: false,
  throwFromLoad: false,
  throwFromNewState: false,
  throwFromPredict: false,
  throwFromPlan: false,
  throwFromDecode: false,
  throwFromDevices: false,
  throwFromEnergy: false,
  predictSignal: 0,
  hangInPredict: false,
  nilWithoutError: false,
  failPlan: false,
  failFunctionNames: false,
  energyGated: false,
  energyMissing: false,
  forbidExternalBuffers: false,
  maximumOverlap: 0,
}

interface Events {
  predictions: number
  asynchronousPredictions: number
  backingsUsed: number
  backingsRefused: number
  threadingViolations: number
  insideNanoseconds: number
  maximumOverlap: number
}

interface StandinBinding extends AppleBinding {
  standin: {
    configure(settings: Partial<Settings>): void
    events(): Events
    liveObjects(): Record<string, number>
    closeQueue(overlapping: boolean, handingOut: boolean): string[]
    /** Bytes of all buffers that the addon has ever made: copies of inputs and outputs, and what allocate() gave. */
    createdBytes(): number
    /** MLModelConfiguration of the model that was loaded last, as text by Apple's names. */
    lastConfiguration(): Record<string, string>
  }
}

export const addonPath = process.env.COREML_STANDIN_ADDON ?? new URL('../../../build-standin/none/coreml.node', import.meta.url).pathname

const module = { exports: {} as unknown }
process.dlopen(module, addonPath)
export const addon = module.exports as StandinBinding
export const { standin } = addon

/** Native objects that are alive once garbage is collected and late releases are through. */
export async function liveObjects(): Promise<Record<string, number>> {
  const { gc } = globalThis as { gc?: () => void }
  if (!gc) throw new Error('run Node with --expose-gc')
  for (let i = 0; i < 100; ++i) {
    gc()
    await sleep(10)
    if (Object.keys(standin.liveObjects()).length === 0) break
  }
  return standin.liveObjects()
}

/** For a spec file: the stand-in's plain settings before each test; after each, no native object left and no threading rule broken. */
export function useStandin(): void {
  setBindingForTests(() => addon)
  beforeEach(() => standin.configure(plain))
  afterEach(async () => {
    standin.configure(plain)
    expect(await liveObjects()).toEqual({})
    expect(standin.events().threadingViolations).toBe(0)
  })
  afterAll(() => setBindingForTests(undefined))
}
