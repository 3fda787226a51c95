import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CoreMLError } from '../../errors.ts'
import { type ModelFile, openModel } from '../../format/index.ts'
import { describeModel } from '../../model/describe.ts'
import type { ModelDescription } from '../../model/description.ts'
import type { Features } from '../../model/values.ts'
import { lowering } from './make-evaluator.ts'
import { OnnxEvaluator } from './onnx-evaluator.ts'

/** Time of one node of the graph that onnxruntime ran. */
export interface ProfiledNode {
  /** Made from the name of the model's op or layer; fused nodes carry the name that onnxruntime gave them. */
  name: string
  /** The ONNX operator that ran. */
  operator: string
  /** Mean over the predictions, without the nodes of graphs inside it, which a branch or a loop runs. */
  milliseconds: number
  /** Of the time of all nodes, 0…1. */
  share: number
}

/** Where the time of a prediction goes. */
export interface Profile {
  predictions: number
  /** Mean time of one prediction inside onnxruntime, the profiler's own cost included. */
  milliseconds: number
  /** Slowest first. */
  nodes: ProfiledNode[]
}

export interface ProfileOptions {
  functionName?: string
  threads?: number
  precision?: 'float32' | 'asDeclared'
  /** Predictions that are measured, after three that are not. */
  predictions: number
  /** Makes the inputs; they are used in turn. */
  inputs(description: ModelDescription): Promise<Features[]>
  /** Called before each prediction, those that are not measured included. */
  onPrediction?(done: number, of: number): void
  signal?: AbortSignal
}

interface TraceEvent {
  cat: string
  name: string
  dur: number
  ts: number
  args?: { op_name?: string }
}

const warmUp = 3

/**
 * Measures each node of a NeuralNetwork or an ML Program with onnxruntime's profiler.
 * @throws CoreMLError ERR_MODEL_UNSUPPORTED for models that do not run as one ONNX graph; ERR_ARGUMENT for more predictions than a trace holds
 */
export async function profileModel(path: string, options: ProfileOptions): Promise<Profile> {
  const file = await openModel(path)
  try {
    const folder = await mkdtemp(join(tmpdir(), 'coreml-bridge-profile-'))
    try {
      return await profileInto(folder, file, options)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  } finally {
    file.close()
  }
}

async function profileInto(folder: string, file: ModelFile, options: ProfileOptions): Promise<Profile> {
  const description = describeModel(file, options.functionName)
  const loading = { computeUnits: 'cpuOnly' as const, ...options }
  const lower = await lowering(file.spec, { options: loading, label: 'model', file, functionName: options.functionName })
  if (!lower) {
    throw new CoreMLError(
      'ERR_MODEL_UNSUPPORTED',
      `a profile shows the nodes of an ONNX graph, and a ${file.spec.type.case} is not run as one`,
    )
  }
  const evaluator = await OnnxEvaluator.load(description, lower, loading, { profile: join(folder, 'profile') })
  try {
    const inputs = await options.inputs(description)
    const of = warmUp + options.predictions
    for (let done = 0; done < of; done++) {
      options.onPrediction?.(done, of)
      await evaluator.run(inputs[done % inputs.length]!, { signal: options.signal })
    }
    await evaluator.endProfile()
  } finally {
    await evaluator.dispose()
  }
  // A model that is lowered for each shape writes one file a session; the one with the predictions is the last.
  const files = (await readdir(folder)).sort()
  return summarise(await readTrace(join(folder, files.at(-1)!)), options.predictions)
}

/** The events of a trace, which onnxruntime writes one a line: a long trace has no room in one string. */
async function readTrace(path: string): Promise<TraceEvent[]> {
  const events: TraceEvent[] = []
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (!line.startsWith('{')) continue
    const { cat, name, dur, ts, args } = JSON.parse(line.replace(/,$/, '')) as TraceEvent
    events.push({ cat, name, dur, ts, args: { op_name: args?.op_name } })
  }
  return events
}

/** Duration (µs) of each event without those inside it. */
function ownTimes(events: readonly TraceEvent[]): Map<TraceEvent, number> {
  const own = new Map<TraceEvent, number>()
  const open: TraceEvent[] = []
  for (const event of events.toSorted((a, b) => a.ts - b.ts || b.dur - a.dur)) {
    while (open.length > 0 && open.at(-1)!.ts + open.at(-1)!.dur <= event.ts) open.pop()
    const outer = open.at(-1)
    if (outer) own.set(outer, Math.max(0, own.get(outer)! - event.dur))
    own.set(event, event.dur)
    open.push(event)
  }
  return own
}

/** Leaves the warm-up out: the trace tells runs apart by the event that spans each. */
function summarise(events: readonly TraceEvent[], predictions: number): Profile {
  const runs = events.filter(({ cat, name }) => cat === 'Session' && name === 'model_run').sort((a, b) => a.ts - b.ts)
  if (runs.length < warmUp + predictions) {
    throw new CoreMLError(
      'ERR_ARGUMENT',
      `onnxruntime traced ${runs.length} of ${warmUp + predictions} predictions: a trace holds a million events, of inputs of one shape where the model is lowered for each (--iterations, --inputs)`,
    )
  }
  const measured = runs.slice(-predictions)
  const start = measured[0]!.ts
  const nodes = new Map<string, ProfiledNode>()
  const ran = events.filter(({ cat, name, ts }) => cat === 'Node' && ts >= start && name.endsWith('_kernel_time'))
  for (const [{ name, args }, microseconds] of ownTimes(ran)) {
    const key = name.slice(0, -'_kernel_time'.length)
    const node = nodes.get(key) ?? { name: key, operator: args?.op_name ?? '', milliseconds: 0, share: 0 }
    node.milliseconds += microseconds / 1000 / predictions
    nodes.set(key, node)
  }
  const total = [...nodes.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  for (const node of nodes.values()) node.share = total > 0 ? node.milliseconds / total : 0
  return {
    predictions,
    milliseconds: measured.reduce((sum, { dur }) => sum + dur, 0) / 1000 / predictions,
    nodes: [...nodes.values()].sort((a, b) => b.milliseconds - a.milliseconds),
  }
}
