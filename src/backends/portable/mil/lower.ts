import { CoreMLError } from '../../../errors.ts'
import {
  chooseFunction,
  type FeatureDescription,
  type Function as MilFunction,
  type Model,
  type ModelFile,
  programFunction,
} from '../../../format/index.ts'
import { type ClassifierOutputs, type InputShapes, type Lower, type Lowered, type LoweredState, shapesMisfit } from '../lowered.ts'
import { GraphBuilder } from '../onnx/builder.ts'
import { isStatic } from '../onnx/value.ts'
import { readFileRange } from '../read-range.ts'
import { inputPort, outputPort } from './ports.ts'
import { type Precision, ProgramLowering } from './program.ts'
import { Scope } from './scope.ts'
import { computeType, milType } from './types.ts'

/** What {@link lowerProgram} can be told. */
export interface ProgramOptions {
  /** Function of a multi-function program; its default function when absent. */
  functionName?: string
  precision?: Precision
}

/** A function of the program with the features that the model describes for it. */
interface FunctionToLower {
  name: string
  body: MilFunction
  inputs: readonly FeatureDescription[]
  outputs: readonly FeatureDescription[]
  labelFeature: string
  probabilitiesFeature: string
}

function findFunction(spec: Model, file: ModelFile, functionName: string | undefined): FunctionToLower {
  const { description, type } = spec
  if (type.case !== 'mlProgram') throw new CoreMLError('ERR_INTERNAL', `${file.path} is no ML Program`)
  const name = chooseFunction(spec, functionName)
  const described = description?.functions.find((candidate) => candidate.name === name) ?? description
  return {
    name,
    body: programFunction(type.value, name),
    inputs: described?.input ?? [],
    outputs: described?.output ?? [],
    labelFeature: described?.predictedFeatureName ?? '',
    probabilitiesFeature: described?.predictedProbabilitiesName ?? '',
  }
}

/** Number of a function's opset: CoreML5 is that of iOS 15, and each of the next ones of the next year. */
function opsetNumber(opset: string): number {
  const number = Number(/(\d+)$/.exec(opset)?.[1])
  return Number.isFinite(number) ? number + 10 : 15
}

/** Makes the function that lowers an ML Program to ONNX. `file` holds its weights, and stays in use as long as new shapes can come. */
export function lowerProgram(spec: Model, file: ModelFile, { functionName, precision = 'float32' }: ProgramOptions = {}): Lower {
  const target = findFunction(spec, file, functionName)
  return (shapes) => {
    try {
      return lower(file, target, precision, shapes)
    } catch (error) {
      if (!shapes || !takesSeveralShapes(target.body)) throw error
      if (!(error instanceof CoreMLError) || error.code !== 'ERR_MODEL_INVALID') throw error
      throw shapesMisfit('ML Program', shapes, error)
    }
  }
}

function takesSeveralShapes({ inputs }: MilFunction): boolean {
  return inputs.some((input) => {
    const type = milType(input.type)
    return type.kind === 'tensor' && !isStatic(type.dims)
  })
}

function lower(file: ModelFile, target: FunctionToLower, precision: Precision, shapes: InputShapes | undefined): Lowered {
  const { body } = target
  const block = body.blockSpecializations[body.opset] ?? Object.values(body.blockSpecializations)[0]
  if (!block) throw new CoreMLError('ERR_MODEL_INVALID', `function "${target.name}" has no body`)
  const builder = new GraphBuilder(readFileRange)
  const program = new ProgramLowering(file, builder, opsetNumber(body.opset), precision)
  const scope = new Scope()
  const states: LoweredState[] = []
  for (const input of body.inputs) {
    const type = milType(input.type)
    if (type.kind === 'state') {
      const value = builder.input(input.name, computeType(type.tensor.dtype), type.tensor.dims)
      program.states.set(input.name, { type: type.tensor, value, written: false })
      scope.set(input.name, { kind: 'state', name: input.name, type: type.tensor })
      states.push({ name: input.name, input: input.name })
    } else if (type.kind === 'tensor') {
      const feature = target.inputs.find(({ name }) => name === input.name)
      scope.set(input.name, { kind: 'tensor', type, value: inputPort(builder, input.name, type, feature, shapes) })
    } else {
      throw new CoreMLError('ERR_MODEL_UNSUPPORTED', `input "${input.name}" is a ${type.kind}`)
    }
  }
  // Names of outputs belong to the outputs, whatever inner values are called.
  for (const name of block.outputs) if (!body.inputs.some((input) => input.name === name)) builder.uniqueName(name)

  const outputs = program.lowerFunction(block, scope)
  outputs.forEach((operand, index) => {
    const name = block.outputs[index]!
    // A function may return a value twice, under the one name that it has.
    if (block.outputs.indexOf(name) < index) return
    if (operand.kind === 'classification') return
    const value = operand.kind === 'tensor' ? operand.value : operand.kind === 'constant' ? operand.value(builder) : undefined
    if (!value) throw new CoreMLError('ERR_MODEL_UNSUPPORTED', `output "${name}" is a ${operand.kind}`)
    outputPort(
      builder,
      name,
      value,
      target.outputs.find((feature) => feature.name === name),
    )
  })
  for (const state of states) {
    const { value, written } = program.states.get(state.name)!
    if (!written) continue
    state.output = builder.uniqueName(`${state.name}_next`)
    builder.output(value, state.output)
  }
  const classifier = program.classifier && classifierOf(builder, program.classifier, target)
  const { inner: values, enclosed } = program
  return { graph: builder.finish(target.name), kind: 'ML Program', states, ...(classifier && { classifier }), values, enclosed }
}

/** The scores of the program's `classify` as one more output, and what makes a label and probabilities of them. */
function classifierOf(
  builder: GraphBuilder,
  { scores, labels, names }: NonNullable<ProgramLowering['classifier']>,
  target: FunctionToLower,
): ClassifierOutputs {
  const output = builder.uniqueName('scores')
  builder.output(scores, output)
  return {
    scores: output,
    labels,
    labelFeature: target.labelFeature || names[0],
    probabilitiesFeature: target.probabilitiesFeature || names[1],
  }
}
