import type { Model, ModelFile } from '../../format/index.ts'
import { describeModel } from '../../model/describe.ts'
import { makeClassicEvaluator } from './classic/make.ts'
import { refusalOf } from './classic/refuse.ts'
import type { Evaluator, EvaluatorContext, MakeEvaluator } from './evaluator.ts'
import type { Lower } from './lowered.ts'
import { lowerProgram } from './mil/lower.ts'
import { CustomLayerEvaluator, hasCustomLayers } from './neuralnetwork/custom-layers.ts'
import { lowerNeuralNetwork, networkOf } from './neuralnetwork/lower.ts'
import { OnnxEvaluator } from './onnx-evaluator.ts'
import { makePipelineEvaluator, pipelineOf } from './pipeline.ts'

/** What evaluators of this backend are made with. */
export interface PortableContext extends EvaluatorContext {
  /** The file that the model and its stages came from, for weights. */
  readonly file: ModelFile
  readonly functionName?: string
}

/**
 * The evaluator of a model of any type. What is lowered to ONNX gets an {@link OnnxEvaluator}, pipelines one made of their stages',
 * classic models theirs.
 *
 * @throws CoreMLError with a code of its own for each kind of model that cannot be run here
 */
export const makeEvaluator: MakeEvaluator<PortableContext> = async (spec, context): Promise<Evaluator> => {
  const refusal = refusalOf(spec, context.label)
  if (refusal) throw refusal
  if (pipelineOf(spec)) return makePipelineEvaluator(spec, context, makeEvaluator)
  if (hasCustomLayers(spec)) return new CustomLayerEvaluator(context.file, spec, context.options)
  const lower = lowering(spec, context)
  if (!lower) return makeClassicEvaluator(spec, context.label)
  return OnnxEvaluator.load(describeModel(context.file, context.functionName, spec), lower, context.options)
}

/** How a model becomes an ONNX graph; undefined for types that do not. */
export function lowering(spec: Model, { file, functionName, options }: PortableContext): Lower | undefined {
  if (spec.type.case === 'mlProgram') return lowerProgram(spec, file, { functionName, precision: options.precision })
  return networkOf(spec) && lowerNeuralNetwork(file, spec)
}
