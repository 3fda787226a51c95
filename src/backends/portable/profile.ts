import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreMLError } from '../../errors.ts'
import { openModel } from '../../format/index.ts'
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
  /** Mean over the predictions. */
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
 * @throws CoreMLError ERR_MODEL_UNSUPPORTED for models that do not run as one ONNX graph
 */
export async function profileModel(path: string, options: ProfileOptions): Promise<Profile> {
  const folder = await mkdtemp(join(tmpdir(), 'coreml-bridge-profile-'))
  const file = await openModel(path)
  try {
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
      for (let i = 0; i < warmUp + options.predictions; i++) await evaluator.run(inputs[i % inputs.length]!, { signal: options.signal })
      await evaluator.endProfile()
    } finally {
      await evaluator.dispose()
    }
    // A model that is lowered for each shape writes one file a session; the one with the predictions is the last.
    const files = (await readdir(folder)).sort()
    const events = JSON.parse(await readFile(join(folder, files.at(-1)!), 'utf8')) as TraceEvent[]
    return summarise(events, options.predictions)
  } finally {
    file.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Leaves the warm-up out: the trace tells runs apart by the event that spans each. */
function summarise(events: readonly TraceEvent[], predictions: number): Profile {
  const runs = events.filter(({ cat, name }) => cat === 'Session' && name === 'model_run').sort((a, b) => a.ts - b.ts)
  const measured = runs.slice(-predictions)
  const start = measured[0]?.ts ?? 0
  const nodes = new Map<string, ProfiledNode>()
  for (const { cat, name, dur, ts, args } of events) {
    if (cat !== 'Node' || ts < start || !name.endsWith('_kernel_time')) continue
    const key = name.slice(0, -'_kernel_time'.length)
    const node = nodes.get(key) ?? { name: key, operator: args?.op_name ?? '', milliseconds: 0, share: 0 }
    node.milliseconds += dur / 1000 / predictions
    nodes.set(key, node)
  }
  const total = [...nodes.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  for (const node of nodes.values()) node.share = total > 0 ? node.milliseconds / total : 0
  return {
    predictions: measured.length,
    milliseconds: measured.reduce((sum, { dur }) => sum + dur, 0) / 1000 / Math.max(1, measured.length),
    nodes: [...nodes.values()].sort((a, b) => b.milliseconds - a.milliseconds),
  }
}
