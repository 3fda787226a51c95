import { type Model, type ModelFile, pipelineOf } from '../../format/index.ts'
import { describeModel } from '../../model/describe.ts'
import { refusalOf } from './classic/refuse.ts'
import type { Evaluator, EvaluatorContext, MakeEvaluator } from './evaluator.ts'
import type { Lower } from './lowered.ts'
import { networkOf } from './neuralnetwork/network-of.ts'
import { haveCustomLayers } from './neuralnetwork/scope.ts'
import { makePipelineEvaluator } from './pipeline.ts'

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
  const network = networkOf(spec)
  if (network && haveCustomLayers(network.layers)) {
    const { CustomLayerEvaluator } = await import('./neuralnetwork/custom-layers/evaluator.ts')
    return new CustomLayerEvaluator(context.file, spec, context.options)
  }
  const lower = await lowering(spec, context)
  if (!lower) return (await import('./classic/make.ts')).makeClassicEvaluator(spec, context.label)
  const { OnnxEvaluator } = await import('./onnx-evaluator.ts')
  return OnnxEvaluator.load(describeModel(context.file, context.functionName, spec), lower, context.options)
}

/** How a model becomes an ONNX graph; undefined for types that do not. The code of each type is loaded when the first such model is. */
export async function lowering(spec: Model, { file, functionName, options }: PortableContext): Promise<Lower | undefined> {
  if (spec.type.case === 'mlProgram') {
    const { lowerProgram } = await import('./mil/lower.ts')
    return lettingGo(file, lowerProgram(spec, file, { functionName, precision: options.precision }))
  }
  if (!networkOf(spec)) return undefined
  const { lowerNeuralNetwork } = await import('./neuralnetwork/lower.ts')
  return lettingGo(file, lowerNeuralNetwork(file, spec))
}

/** `lower`, after which the file keeps no operations and layers: only a new set of shapes or a question for inner values reads them again. */
function lettingGo(file: ModelFile, lower: Lower): Lower {
  return (shapes) => {
    try {
      return lower(shapes)
    } finally {
      file.forgetStructure()
    }
  }
}
