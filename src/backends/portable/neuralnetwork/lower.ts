import { CoreMLError } from '../../../errors.ts'
import {
  ArrayShapeMapping,
  ImageShapeMapping,
  type Model,
  type ModelFile,
  type NeuralNetwork,
  type NeuralNetworkLayer,
} from '../../../format/index.ts'
import { describeModel } from '../../../model/describe.ts'
import type { ModelDescription } from '../../../model/description.ts'
import { type ClassifierOutputs, type InputShapes, type Lower, type Lowered, shapesMisfit, UndeclaredShapeError } from '../lowered.ts'
import { GraphBuilder } from '../onnx/builder.ts'
import type { FileRange, Value } from '../onnx/value.ts'
import { networkInputs } from './inputs.ts'
import type { LayerKind } from './layer.ts'
import { checkLayers, NetworkLowering } from './network.ts'
import { networkOf } from './network-of.ts'
import { networkOutput, type OutputShapes } from './outputs.ts'
import { writtenBy } from './scope.ts'
import { SmallInputError } from './spatial.ts'
import { NetworkWeights } from './weights.ts'

/** Layer types of the first specification versions that leave the sequence axis alone: they give the same without it. */
const spatialKinds: ReadonlySet<LayerKind> = new Set<LayerKind>([
  'activation',
  'add',
  'average',
  'batchnorm',
  'bias',
  'concat',
  'convolution',
  'crop',
  'dot',
  'embedding',
  'flatten',
  'innerProduct',
  'l2normalize',
  'loadConstant',
  'lrn',
  'max',
  'min',
  'multiply',
  'mvn',
  'padding',
  'permute',
  'pooling',
  'reduce',
  'reorganizeData',
  'reshape',
  'resizeBilinear',
  'scale',
  'slice',
  'softmax',
  'split',
  'unary',
  'upsample',
])

function keepsSequence({ layer }: NeuralNetworkLayer): boolean {
  if (layer.case === 'concat') return !layer.value.sequenceConcat
  if (layer.case === 'permute') return (layer.value.axes[0] ?? 0) === 0
  if (layer.case === 'reshape') return layer.value.targetShape.length < 4 || layer.value.targetShape[0] === 1
  return layer.case !== undefined && spatialKinds.has(layer.case)
}

function statesSequence({ layer }: NeuralNetworkLayer): boolean {
  return layer.case === 'reshape' && layer.value.targetShape.length === 4
}

/** True where layers compute with the sequence, and inputs may bring a longer one in front of what they declare. */
function takesSequences({ arrayInputShapeMapping, layers }: NeuralNetwork, { inputs }: ModelDescription): boolean {
  const open = inputs.some((feature) => feature.type === 'multiArray' && feature.shape.length < 5)
  // A reshape may also make one of a longer sequence.
  const computes = (layer: NeuralNetworkLayer) => !keepsSequence(layer) || statesSequence(layer)
  return open && arrayInputShapeMapping === ArrayShapeMapping.RANK5 && layers.some(computes)
}

/** True where every value of the network has rank 5 and its first dimension, the sequence, is 1 throughout: then it is left out. */
function sequenceIsIdle(network: NeuralNetwork, inputs: ReadonlyMap<string, Value>): boolean {
  const mapped = network.arrayInputShapeMapping === ArrayShapeMapping.RANK5 && network.imageInputShapeMapping === ImageShapeMapping.RANK5
  return mapped && network.layers.every(keepsSequence) && [...inputs.values()].every(({ dims }) => dims[0] === 1)
}

/** The classifier's scores: what its network names, or its last layer. */
function classifierOf(
  network: NeuralNetwork,
  description: ModelDescription,
  blobs: ReadonlyMap<string, Value>,
  graph: GraphBuilder,
): ClassifierOutputs | undefined {
  const { classLabels, predictedFeatureName, predictedProbabilitiesName } = description
  if (!classLabels) return undefined
  const name = network.labelProbabilityLayerName || network.layers.at(-1)?.output[0] || ''
  const value = blobs.get(name)
  if (!value) throw new CoreMLError('ERR_MODEL_INVALID', `nothing computes "${name}", which holds the classifier's scores`)
  const scores = graph.uniqueName(`${name} scores`)
  graph.output(value, scores)
  const isDictionary = description.outputs.some((feature) => feature.name === predictedProbabilitiesName && feature.type === 'dictionary')
  return {
    scores,
    labels: classLabels,
    ...(predictedFeatureName !== undefined && { labelFeature: predictedFeatureName }),
    ...(isDictionary && { probabilitiesFeature: predictedProbabilitiesName! }),
  }
}

function outputShapes(network: NeuralNetwork, { inputs }: ModelDescription): OutputShapes {
  const images = inputs.some(({ type }) => type === 'image')
  if (images && network.imageInputShapeMapping === ImageShapeMapping.RANK4) return 'declared'
  return network.arrayInputShapeMapping === ArrayShapeMapping.RANK5 ? 'legacy' : 'exact'
}

/** Reads a range of the model's own file. */
function reader(file: ModelFile): (range: FileRange) => Uint8Array {
  return ({ offset, length }) => file.readPayload({ $typeName: 'coreml.spec.Payload', source: 0, offset, length })
}

/** A graph under construction: what the layers lowered so far have computed. */
export interface Stage {
  readonly graph: GraphBuilder
  readonly blobs: Map<string, Value>
  readonly lowering: NetworkLowering
}

/** A network on its way to ONNX graphs: usually one, several where custom layers stand between them. */
export class NetworkLowerer {
  readonly network: NeuralNetwork
  readonly description: ModelDescription
  /** Blobs that the model's outputs are made of. */
  readonly results: ReadonlySet<string>
  readonly #file: ModelFile

  /** @throws CoreMLError ERR_CUSTOM_LAYER, ERR_OP_UNSUPPORTED for layers that neither this backend nor `customLayers` has */
  constructor(file: ModelFile, spec: Model, customLayers: ReadonlySet<string> = new Set()) {
    const network = networkOf(spec)
    if (!network) throw new CoreMLError('ERR_INTERNAL', `a model of type ${spec.type.case} is no neural network`)
    checkLayers(network.layers, customLayers)
    this.network = network
    this.description = describeModel(file, undefined, spec)
    this.#file = file
    const scores = network.labelProbabilityLayerName || network.layers.at(-1)?.output[0] || ''
    this.results = new Set([...this.description.outputs.map(({ name }) => name), scores])
  }

  /** A graph that takes the model's inputs. */
  begin(shapes: InputShapes | undefined): Stage {
    const graph = this.#graph()
    const blobs = networkInputs(graph, this.#file, this.network, this.description.inputs, shapes)
    const idle = sequenceIsIdle(this.network, blobs)
    if (idle) for (const [name, value] of blobs) blobs.set(name, graph.squeeze(value, [0]))
    return { graph, blobs, lowering: new NetworkLowering(new NetworkWeights(this.#file), !idle) }
  }

  /** A graph that takes blobs which graphs before it computed; `port` names its input for each. */
  resume(shapes: InputShapes, port: (name: string) => string): Stage {
    const graph = this.#graph()
    const blobs = new Map(Object.entries(shapes).map(([name, shape]) => [name, graph.input(port(name), 'float32', shape)]))
    return { graph, blobs, lowering: new NetworkLowering(new NetworkWeights(this.#file), true) }
  }

  /** Declares the model's outputs. */
  finish({ graph, blobs }: Stage): Lowered {
    const { network, description } = this
    const classifier = classifierOf(network, description, blobs, graph)
    const shapesOf = outputShapes(network, description)
    for (const feature of description.outputs) {
      if (feature.name === classifier?.labelFeature || feature.name === classifier?.probabilitiesFeature) continue
      const value = blobs.get(feature.name)
      if (!value) throw new CoreMLError('ERR_MODEL_INVALID', `nothing in the network computes its output "${feature.name}"`)
      networkOutput(graph, feature, value, shapesOf === 'legacy' && value.dims.length < 4 ? 'exact' : shapesOf)
    }
    const inner = { values: blobs, enclosed: writtenBy(network.layers) }
    return { graph: graph.finish('network'), kind: 'neural network', states: [], ...(classifier && { classifier }), ...inner }
  }

  #graph(): GraphBuilder {
    const graph = new GraphBuilder(reader(this.#file))
    // No layer's tensor may take the name of a feature.
    for (const { name } of this.description.outputs) graph.uniqueName(name)
    return graph
  }
}

/** How a NeuralNetwork, NeuralNetworkClassifier or NeuralNetworkRegressor becomes an ONNX graph. @throws CoreMLError */
export function lowerNeuralNetwork(file: ModelFile, spec: Model): Lower {
  const lowerer = new NetworkLowerer(file, spec)
  const { network, description } = lowerer
  let declaredShapesFit = false
  return (shapes?: InputShapes): Lowered => {
    const stage = lowerer.begin(shapes)
    try {
      stage.lowering.lower(network.layers, { ...stage, live: lowerer.results })
    } catch (error) {
      if (!(error instanceof CoreMLError) || error.code !== 'ERR_MODEL_INVALID') throw error
      const otherShapesMayFit = declaredShapesFit || error instanceof SmallInputError || takesSequences(network, description)
      if (!otherShapesMayFit) throw error
      if (!shapes) throw new UndeclaredShapeError(error.message, { cause: error })
      throw shapesMisfit('neural network', shapes, error)
    }
    declaredShapesFit ||= !shapes
    return lowerer.finish(stage)
  }
}
