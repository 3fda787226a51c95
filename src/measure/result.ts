import * as z from 'zod'
import { allComputeUnits } from '../backends/backend.ts'
import { figure, measured, unavailable } from './figure.ts'

/** Version of the result's form; a change that old readers cannot read raises it. */
export const resultVersion = 1

const computeUnits = z.enum(allComputeUnits as unknown as ['cpuOnly', 'cpuAndGPU', 'cpuAndNeuralEngine', 'all'])
const backendName = z.enum(['apple', 'portable'])
const device = z.enum(['cpu', 'gpu', 'neuralEngine', 'unknown'])
const known = <T extends z.ZodType>(value: T) => z.union([z.strictObject({ value }), unavailable])

const thermalState = known(z.enum(['nominal', 'fair', 'serious', 'critical']))
const lowPowerMode = known(z.boolean())

/** What else happened on the machine around a block. */
export const environment = z.strictObject({
  /** Milliseconds since the comparison began. */
  at: z.number(),
  thermalState,
  lowPowerMode,
  powerSource: known(z.enum(['mains', 'battery'])),
  /** The system's load average over one minute. */
  loadAverage: known(z.number()),
})
export type Environment = z.infer<typeof environment>

const block = z.strictObject({
  /** Which process of the unit, from 0. */
  run: z.int(),
  /** Blocks of one round ran next to each other in time. */
  round: z.int(),
  /** Milliseconds of each prediction, timed next to the runtime. */
  samples: z.array(z.number()),
  median: z.number(),
  /** CPU cores kept busy by other processes meanwhile. */
  foreignCores: z.number(),
  before: environment,
  after: environment,
  /** Why this block is suspect; null for a calm one. */
  disturbed: z.string().nullable(),
})
export type Block = z.infer<typeof block>

const phases = z.strictObject({
  /** Source model to compiled model. */
  compile: figure,
  /** Load of a model that this machine has not seen before. */
  coldLoad: figure,
  /** Load in a fresh process, with whatever the system keeps from the first time. */
  cachedLoad: figure,
  firstPrediction: figure,
  /** The first prediction after a pause. */
  afterIdle: figure,
})
export type Phases = z.infer<typeof phases>

const steady = z.strictObject({
  median: measured,
  p90: measured,
  p99: measured,
  /** Median absolute deviation. */
  mad: measured,
  minimum: measured,
  /** Predictions a second, one after the other. */
  perSecond: measured,
  warmUpPredictions: z.int(),
  blocks: z.array(block),
  stability: z.strictObject({ stable: z.boolean(), reasons: z.array(z.string()) }),
})
export type Steady = z.infer<typeof steady>

const sustained = z.union([
  z.strictObject({
    durationMilliseconds: z.number(),
    windowMilliseconds: z.number(),
    /** Predictions a second in each window. */
    windows: z.array(z.number()),
    /** Last window against the best one. It falls with the duration by construction, so the duration belongs next to it. */
    lastAgainstBest: measured,
    last: measured,
  }),
  unavailable,
])

const energy = z.union([
  z.strictObject({
    /** Per prediction, idle baseline subtracted. */
    total: measured,
    rails: z.record(z.string(), measured),
    /** Power of the machine at rest, before and after. */
    idle: measured,
    windows: z.int(),
  }),
  unavailable,
])
export type Energy = z.infer<typeof energy>

const placement = z.union([
  z.strictObject({
    /** Share of ops planned for each device, 0…1. */
    operations: z.record(device, z.number()),
    /** Share of estimated cost planned for each device. */
    cost: z.union([z.record(device, z.number()), unavailable]),
    perOperation: z.array(
      z.strictObject({
        name: z.string(),
        operator: z.string(),
        preferred: device,
        supported: z.array(device),
        cost: z.number().nullable(),
      }),
    ),
  }),
  unavailable,
])
export type Placement = z.infer<typeof placement>

export const evidenceStrength = z.enum(['none', 'plan', 'timing', 'activity', 'energy'])
const evidence = z.strictObject({
  /** The strongest sign that the Neural Engine worked; a plan or a timing is no proof. */
  strength: evidenceStrength,
  signs: z.array(z.strictObject({ strength: evidenceStrength, shows: z.string() })),
})
export type Evidence = z.infer<typeof evidence>

const outputAccuracy = z.strictObject({
  name: z.string(),
  /** 20·log10(max|reference| / rmse); null for an exact match. */
  psnr: z.number().nullable(),
  cosine: z.number().nullable(),
  maxError: z.number().nullable(),
  top1: z.number().nullable(),
  top5: z.number().nullable(),
  nonFinite: z.int(),
  passed: z.boolean(),
  /** What failed or why a figure is missing; null if nothing. */
  note: z.string().nullable(),
})
export type OutputAccuracy = z.infer<typeof outputAccuracy>

const accuracy = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('checked'),
    passed: z.boolean(),
    reference: z.enum(['given', 'stored', 'portableFloat32']),
    samples: z.int(),
    outputs: z.array(outputAccuracy),
  }),
  z.strictObject({ status: z.literal('notChecked'), reason: z.string() }),
])
export type Accuracy = z.infer<typeof accuracy>

const breakEven = z.discriminatedUnion('status', [
  /** From so many predictions on, load and predictions together take less time than on the reference unit. */
  z.strictObject({ status: z.literal('after'), cold: z.number().nullable(), cached: z.number() }),
  z.strictObject({ status: z.literal('never'), reason: z.string() }),
  z.strictObject({ status: z.literal('reference') }),
])
export type BreakEven = z.infer<typeof breakEven>

const speedup = z.strictObject({
  against: computeUnits,
  value: z.number(),
  interval: z.tuple([z.number(), z.number()]).nullable(),
  /** Holds for all comparisons of the run together; the verdict rests on it. */
  familyInterval: z.tuple([z.number(), z.number()]).nullable(),
  verdict: z.enum(['faster', 'slower', 'noDifference', 'undecided']),
})
export type Speedup = z.infer<typeof speedup>

export const unitResult = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('measured'),
    units: computeUnits,
    backend: backendName,
    /** False where nothing could confirm that the unit exists. */
    unitVerified: z.boolean(),
    phases,
    steady,
    /** What an awaited `predict` in JavaScript takes beyond the runtime's own time. */
    javascriptOverhead: figure,
    batch: z.strictObject({ size: z.int(), perSecond: figure }),
    inFlight: z.strictObject({ count: z.int(), perSecond: figure }),
    sustained,
    /** Largest resident memory of the process that ran this unit alone. */
    peakMemory: figure,
    energy,
    placement,
    evidence,
    accuracy,
    speedup: z.union([speedup, unavailable]),
    breakEven,
  }),
  /** The unit's process died: a result, not an accident. */
  z.strictObject({ status: z.literal('crashed'), units: computeUnits, phase: z.string(), how: z.string(), output: z.string() }),
  z.strictObject({ status: z.literal('timedOut'), units: computeUnits, phase: z.string(), afterMilliseconds: z.number() }),
  z.strictObject({ status: z.literal('failed'), units: computeUnits, phase: z.string(), code: z.string(), message: z.string() }),
  z.strictObject({ status: z.literal('unavailable'), units: computeUnits, reason: z.string() }),
])
export type UnitResult = z.infer<typeof unitResult>
export type MeasuredUnit = Extract<UnitResult, { status: 'measured' }>

const recommendation = z.strictObject({
  goal: z.enum(['latency', 'energy', 'startUp']),
  units: computeUnits.nullable(),
  reason: z.string(),
})
export type Recommendation = z.infer<typeof recommendation>

const modelResult = z.strictObject({
  name: z.string(),
  path: z.string(),
  /** Size on disk. */
  bytes: z.int(),
  family: z.string().nullable(),
  units: z.array(unitResult),
  recommendations: z.array(recommendation),
  /** The whole answer in one line. */
  verdict: z.string(),
  notes: z.array(z.string()),
})
export type ModelResult = z.infer<typeof modelResult>

const machine = z.strictObject({
  platform: z.string(),
  architecture: z.string(),
  osRelease: z.string(),
  cpu: z.string(),
  /** Row of the chip catalogue; null if unknown. */
  chip: z.string().nullable(),
  cores: z.int(),
  memoryBytes: z.number(),
  node: z.string(),
  /** An x64 Node translated on Apple silicon: no verdict rests on such figures. */
  translated: known(z.boolean()),
  // What only the addon tells. Results from before these fields have none of them.
  /** Apple's name of the model: `Mac16,10`. */
  model: known(z.string()).optional(),
  /** Product version of the system, such as 15.6.1, and its build. */
  osVersion: known(z.string()).optional(),
  osBuild: known(z.string()).optional(),
  performanceCores: known(z.int()).optional(),
  efficiencyCores: known(z.int()).optional(),
  /** Names of the GPUs that Core ML can use. */
  gpus: known(z.array(z.string())).optional(),
  neuralEngineCores: known(z.int()).optional(),
  /** As it was before anything was measured; each block has its own. */
  thermalState: thermalState.optional(),
  lowPowerMode: lowPowerMode.optional(),
})
export type Machine = z.infer<typeof machine>

/** What fails a run: wrong outputs, a condition that holds or cannot be told, a slowdown against the baseline. */
const failure = z.strictObject({ model: z.string(), gate: z.string(), reason: z.string() })
export type Failure = z.infer<typeof failure>

/** Everything that one `compare` found. */
export const compareResult = z.strictObject({
  schemaVersion: z.literal(resultVersion),
  kind: z.literal('compare'),
  version: z.string(),
  createdAt: z.string(),
  machine,
  protocol: z.strictObject({
    backend: backendName,
    seed: z.number(),
    /** The class that the timed blocks ran with, as the system told it next to them; several with commas where they differ. */
    qualityOfService: known(z.string()),
    settings: z.record(z.string(), z.number()),
    /** Comparisons in this run, which the verdicts are corrected for. */
    comparisons: z.int(),
    /** Order in which the units took turns: units by run and round. */
    durationMilliseconds: z.number(),
  }),
  models: z.array(modelResult),
  /** Written by the command, whose exit status is 1 where there are any. */
  failures: z.array(failure).optional(),
})
export type CompareResult = z.infer<typeof compareResult>
