import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Backend, PlannedOperation } from '../../../src/backends/backend.ts'
import { compareWith } from '../../../src/measure/compare.ts'
import type { CompareOptions } from '../../../src/measure/options.ts'
import { defaultSettings, type ProtocolSettings } from '../../../src/measure/protocol/defaults.ts'
import { type CompareResult, compareResult } from '../../../src/measure/result.ts'

/** How one unit of a fake model behaves. */
export interface FakeUnit {
  milliseconds?: number
  slower?: number
  jitter?: number
  load?: number
  cachedLoad?: number
  crash?: string
  exit?: string
  hang?: string
  fail?: string
  wrong?: number
  nan?: boolean
  unitVerified?: boolean
  plan?: PlannedOperation[]
  qualityOfService?: string | null
}

export interface FakeScript {
  units: Record<string, FakeUnit>
  power?: { rails: Record<string, { idle: number; work: number }>; active?: number }
  conditionFile?: string
}

export const fakeModule = new URL('fake-backend.mjs', import.meta.url).href

/** A quick protocol: about half a second a unit. Other work on the machine disturbs nothing here. */
export const quickSettings: ProtocolSettings = {
  ...defaultSettings,
  blockMilliseconds: 15,
  warmUpMilliseconds: 10,
  warmUpIterations: 2,
  settleMilliseconds: 2,
  idleMilliseconds: 5,
  extraMilliseconds: 15,
  timeoutMilliseconds: 15_000,
  blockRepeats: 0,
  foreignShare: 1000,
}

/** Compares a scripted model over the fake backend; the result is checked against the schema. */
export async function compareFake(script: FakeScript, options: CompareOptions = {}): Promise<CompareResult> {
  const folder = mkdtempSync(path.join(tmpdir(), 'coreml-bridge-fake-'))
  const model = path.join(folder, 'net.mlmodel')
  writeFileSync(model, JSON.stringify(script))
  try {
    const { backend } = (await import(fakeModule)) as { backend: Backend }
    const units = Object.keys(script.units) as CompareOptions['units']
    const result = await compareWith(backend, { name: 'apple', module: fakeModule }, [{ path: model }], {
      units,
      seed: 1,
      ...options,
      settings: { ...quickSettings, ...options.settings },
    })
    return compareResult.parse(JSON.parse(JSON.stringify(result)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The only unit of a result with this name. */
export function unitOf(result: CompareResult, name: string) {
  const unit = result.models[0]!.units.find(({ units }) => units === name)
  if (unit === undefined) throw new Error(`no unit ${name} in the result`)
  return unit
}

/** As {@link unitOf}, which must have been measured. */
export function measuredOf(result: CompareResult, name: string) {
  const unit = unitOf(result, name)
  if (unit.status !== 'measured') throw new Error(`${name}: ${JSON.stringify(unit)}`)
  return unit
}
