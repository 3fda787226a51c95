import { CoreMLError } from '../../errors.ts'
import type { Graph } from './onnx/graph.ts'
import { UnknownDimensionError, type Value } from './onnx/value.ts'

/** Which graph tensors make up a classifier's label and probabilities. */
export interface ClassifierOutputs {
  /** Graph output that holds one score a class, any shape. */
  scores: string
  /** In the order of the scores. */
  labels: readonly (string | number | bigint)[]
  /** Feature that gets the best label; absent where the model has none. */
  labelFeature?: string
  /** Dictionary feature that gets label → score; absent where the model has none. */
  probabilitiesFeature?: string
}

/** A state tensor: the graph takes it under one name and gives its new value under another. */
export interface LoweredState {
  name: string
  input: string
  /** Absent when the graph only reads the state. Ports of a state have its declared type, float32 for float16. */
  output?: string
}

/**
 * A model as ONNX graph, with what the graph itself cannot say.
 *
 * Features and graph ports have the same names. A multiarray feature is a port of the feature's shape and of a type that onnxruntime
 * computes with; the evaluator converts between it and the declared type. An image feature is a uint8 port [height, width, 4] (RGBA) for
 * colour, [height, width] for grey, or float16 [height, width] for half-precision grey: the graph itself picks, scales and orders channels.
 */
export interface Lowered {
  graph: Graph
  /** What was lowered, as messages name it. */
  kind: 'ML Program' | 'neural network'
  states: LoweredState[]
  classifier?: ClassifierOutputs
  /** Inner values by the model's own names, for `predict(…, { intermediates })`; those inside loops and branches are not among them. */
  values?: ReadonlyMap<string, Value>
  /** Names of those inside loops and branches, for the message that they cannot be had. */
  enclosed?: ReadonlySet<string>
}

/** Input shapes by feature name (images as [height, width, …]); used when a model has to be lowered for given shapes. */
export type InputShapes = Record<string, readonly number[]>

/**
 * Thrown by {@link Lower} without shapes where the declared ones do not fit the model, which takes others as well: whether it can be run
 * only shows in the shapes that come.
 */
export class UndeclaredShapeError extends Error {}

function shapesText(shapes: InputShapes): string {
  return Object.entries(shapes)
    .map(([name, dims]) => `"${name}" [${dims.join(', ')}]`)
    .join(', ')
}

/** What is wrong with shapes that a model allows and that it cannot be computed for. */
export function shapesMisfit(kind: Lowered['kind'], shapes: InputShapes, error: CoreMLError): CoreMLError {
  return new CoreMLError('ERR_INPUT', `the ${kind} cannot be computed for ${shapesText(shapes)}: ${error.message}`, { cause: error })
}

/** An error of loading a model of flexible shapes, which may be that of its default shapes alone: as in Core ML, it has to be computable for those. */
export function defaultsMisfit(shapes: InputShapes, error: CoreMLError): CoreMLError {
  return new CoreMLError(error.code, `the model cannot be loaded with its default shapes ${shapesText(shapes)}: ${error.message}`, {
    cause: error,
  })
}

/**
 * Lowers a model. Without `shapes`, dimensions that the model leaves open stay open; where an op has to know one, UnknownDimensionError is
 * thrown, and the model is lowered anew for each set of shapes that comes.
 *
 * @throws UnknownDimensionError, UndeclaredShapeError without `shapes`; CoreMLError
 */
export type Lower = (shapes?: InputShapes) => Lowered

/**
 * Lowers where the shapes of all inputs are known, and nothing more will be.
 *
 * @throws CoreMLError ERR_OP_UNSUPPORTED where a shape follows from values of the inputs
 */
export function forShapesThatCame<T>(lower: () => T): T {
  try {
    return lower()
  } catch (error) {
    if (!(error instanceof UnknownDimensionError)) throw error
    throw new CoreMLError('ERR_OP_UNSUPPORTED', `${error.message}; it follows from values of the inputs, not from their shapes alone`, {
      cause: error,
    })
  }
}
