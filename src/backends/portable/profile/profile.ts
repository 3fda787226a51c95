import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreMLError } from '../../../errors.ts'
import { type Model, type ModelFile, openModel, pipelineOf } from '../../../format/index.ts'
import { describeModel } from '../../../model/describe.ts'
import type { ModelDescription } from '../../../model/description.ts'
import { modelPath } from '../../../model/model-source.ts'
import type { Features } from '../../../model/values.ts'
import type { MakeEvaluator } from '../evaluator.ts'
import { lowering, makeEvaluator, type PortableContext } from '../make-evaluator.ts'
import { OnnxEvaluator } from '../onnx-evaluator.ts'
import { makePipelineEvaluator } from '../pipeline.ts'
import { ClassicStage, GraphStage, type Stage } from './stages.ts'
import type { NodeTime } from './trace.ts'

/** A node, and how much of the time of all nodes is its own. */
export interface ProfiledNode extends NodeTime {
  /** 0…1. */
  share: number
}

/** Where the time of a prediction goes. */
export interface Profile {
  predictions: number
  /** Mean time of one prediction inside onnxruntime, and in stages that run in JavaScript, the profiler's own cost included. */
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

const warmUp = 3

/**
 * Measures each node of a NeuralNetwork or an ML Program with onnxruntime's profiler; of a pipeline, each stage.
 * @throws CoreMLError ERR_MODEL_UNSUPPORTED for models of which nothing runs as an ONNX graph; ERR_ARGUMENT for more predictions than a trace holds
 */
export async function profileModel(path: string, options: ProfileOptions): Promise<Profile> {
  const file = await openModel(await modelPath(path, 'profile: the model'))
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
  const { predictions, functionName } = options
  const stages: Stage[] = []
  const make: MakeEvaluator<PortableContext> = async (spec, context) => {
    if (pipelineOf(spec)) return makePipelineEvaluator(spec, context, make)
    const stage = await makeStage(spec, context, join(folder, `stage-${stages.length}-`))
    stages.push(stage)
    return stage.evaluator
  }
  const loading = { computeUnits: 'cpuOnly' as const, ...options }
  const evaluator = await make(file.spec, { options: loading, label: 'model', file, functionName })
  try {
    if (!stages.some((stage) => stage instanceof GraphStage)) {
      throw new CoreMLError(
        'ERR_MODEL_UNSUPPORTED',
        `a profile shows the nodes of an ONNX graph, and a ${file.spec.type.case} is not run as one`,
      )
    }
    const inputs = await options.inputs(describeModel(file, functionName))
    const of = warmUp + predictions
    for (let done = 0; done < of; done++) {
      options.onPrediction?.(done, of)
      await evaluator.run(inputs[done % inputs.length]!, { signal: options.signal })
    }
    const times = await Promise.all(stages.map((stage) => stage.times(predictions, warmUp)))
    const nodes = times.flatMap((stage) => stage.nodes).sort((a, b) => b.milliseconds - a.milliseconds)
    const total = nodes.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
    return {
      predictions,
      milliseconds: times.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
      nodes: nodes.map((node) => ({ ...node, share: total > 0 ? node.milliseconds / total : 0 })),
    }
  } finally {
    await evaluator.dispose()
  }
}

async function makeStage(spec: Model, context: PortableContext, prefix: string): Promise<Stage> {
  const lower = await lowering(spec, context)
  if (!lower) return new ClassicStage(await makeEvaluator(spec, context), { name: context.label, operator: spec.type.case ?? '' })
  const description = describeModel(context.file, context.functionName, spec)
  return new GraphStage(await OnnxEvaluator.load(description, lower, context.options, { profile: prefix }), prefix)
}
