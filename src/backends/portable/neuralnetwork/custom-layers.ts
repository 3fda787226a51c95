import { CoreMLError } from '../../../errors.ts'
import type { CustomLayer as CustomLayerParams, Model, ModelFile, NeuralNetworkLayer } from '../../../format/index.ts'
import type { ModelDescription, MultiArrayFeature } from '../../../model/description.ts'
import { elementCount, type Tensor } from '../../../model/tensor.ts'
import { type Features, isImage, isTensor, ownCopies } from '../../../model/values.ts'
import type { CustomLayer, LoadOptions } from '../../backend.ts'
import type { EvaluateOptions, Evaluator } from '../evaluator.ts'
import { forShapesThatCame, type Lowered } from '../lowered.ts'
import { OnnxEvaluator } from '../onnx-evaluator.ts'
import { NetworkLowerer } from './lower.ts'
import { networkOf } from './network-of.ts'
import { innerNetworks, readBy } from './scope.ts'
import { NetworkWeights } from './weights.ts'

/** A custom layer that the caller implements, and the layers between the one before it and it. */
interface Part {
  layers: NeuralNetworkLayer[]
  /** Absent behind the last custom layer. */
  custom?: NeuralNetworkLayer
}

/** Graphs kept for each part, by the shapes of what they take. */
const keptGraphs = 8

/** How a blob is named that goes from one graph to a later one. */
const carriedName = (name: string) => `blob ${name}`

/** True where a network has custom layers, inside branches and loops too. */
export function hasCustomLayers(spec: Model): boolean {
  const within = (layers: readonly NeuralNetworkLayer[]): boolean =>
    layers.some((layer) => layer.layer.case === 'custom' || innerNetworks(layer).some(within))
  return within(networkOf(spec)?.layers ?? [])
}

/**
 * A network with custom layers: graphs that onnxruntime runs, and between them the caller's implementations. Each graph is lowered for the
 * shapes that come, because only a custom layer itself knows what shapes it gives.
 */
export class CustomLayerEvaluator implements Evaluator {
  readonly #lowerer: NetworkLowerer
  readonly #weights: NetworkWeights
  readonly #parts: Part[] = []
  readonly #options: LoadOptions
  readonly #implementations: Record<string, CustomLayer>
  readonly #graphs = new Map<string, Promise<OnnxEvaluator>>()

  /** @throws CoreMLError ERR_CUSTOM_LAYER for a layer without implementation */
  constructor(file: ModelFile, spec: Model, options: LoadOptions) {
    this.#implementations = options.customLayers ?? {}
    this.#lowerer = new NetworkLowerer(file, spec, new Set(Object.keys(this.#implementations)))
    this.#weights = new NetworkWeights(file)
    this.#options = options
    let layers: NeuralNetworkLayer[] = []
    for (const layer of this.#lowerer.network.layers) {
      if (layer.layer.case !== 'custom') layers.push(layer)
      else {
        this.#parts.push({ layers, custom: layer })
        layers = []
      }
    }
    this.#parts.push({ layers })
  }

  async run(given: Features, options: EvaluateOptions): Promise<Features> {
    if (options.intermediates) throw new CoreMLError('ERR_ARGUMENT', 'inner values of a network with custom layers cannot be asked for')
    const inputs = ownCopies(given)
    let carried = new Map<string, Tensor>()
    for (const [index, { custom }] of this.#parts.entries()) {
      const graph = await this.#graph(index, inputs, carried)
      const taken = index === 0 ? inputs : Object.fromEntries([...carried].map(([name, tensor]) => [carriedName(name), tensor]))
      const found = await graph.run(taken, options)
      if (!custom) return found
      carried = new Map(
        [...this.#needed(index)].flatMap((name) => {
          const tensor = found[carriedName(name)]
          return isTensor(tensor) ? [[name, tensor] as const] : []
        }),
      )
      await this.#evaluate(custom, carried)
    }
    throw new CoreMLError('ERR_INTERNAL', 'a network without a last part')
  }

  async dispose(): Promise<void> {
    const graphs = [...this.#graphs.values()]
    this.#graphs.clear()
    await Promise.all(graphs.map((loading) => loading.then((graph) => graph.dispose()).catch(() => {})))
  }

  /** Blobs that the custom layer of a part, or anything after it, reads. */
  #needed(index: number): Set<string> {
    const later = this.#parts.slice(index + 1).flatMap(({ layers, custom }) => [...layers, ...(custom ? [custom] : [])])
    return new Set([...this.#lowerer.results, ...readBy([this.#parts[index]!.custom!, ...later])])
  }

  #graph(index: number, inputs: Features, carried: ReadonlyMap<string, Tensor>): Promise<OnnxEvaluator> {
    const shapes =
      index === 0
        ? Object.entries(inputs).map(
            ([name, value]) => [name, isTensor(value) ? value.dims : isImage(value) ? [value.height, value.width] : []] as const,
          )
        : [...carried].map(([name, { dims }]) => [name, dims] as const)
    const key = JSON.stringify([index, shapes])
    const known = this.#graphs.get(key)
    if (known) return known
    const loading = Promise.resolve().then(() => this.#load(index, new Map(shapes)))
    this.#graphs.set(key, loading)
    loading.catch(() => this.#graphs.delete(key))
    for (const [oldest, old] of this.#graphs) {
      if (this.#graphs.size <= keptGraphs * this.#parts.length) break
      this.#graphs.delete(oldest)
      old.then((graph) => graph.dispose()).catch(() => {})
    }
    return loading
  }

  #load(index: number, shapes: ReadonlyMap<string, readonly number[]>): Promise<OnnxEvaluator> {
    const { layers, custom } = this.#parts[index]!
    const lowerer = this.#lowerer
    const given = Object.fromEntries([...shapes].filter(([, dims]) => dims.length > 0))
    const stage = index === 0 ? lowerer.begin(this.#withDefaults(given)) : lowerer.resume(shapes, carriedName)
    const live = custom ? this.#needed(index) : lowerer.results
    forShapesThatCame(() => stage.lowering.lower(layers, { ...stage, live }))
    const passed = custom ? [...live].filter((name) => stage.blobs.has(name)) : []
    let lowered: Lowered
    if (custom) {
      for (const name of passed) stage.graph.output(stage.blobs.get(name)!, carriedName(name))
      lowered = { graph: stage.graph.finish('part'), kind: 'neural network', states: [] }
    } else lowered = lowerer.finish(stage)
    const arrays = (names: Iterable<string>) => [...names].map((name) => arrayFeature(carriedName(name)))
    const description: ModelDescription = {
      ...lowerer.description,
      inputs: index === 0 ? lowerer.description.inputs : arrays(shapes.keys()),
      outputs: custom ? arrays(passed) : lowerer.description.outputs,
    }
    return OnnxEvaluator.load(description, () => lowered, this.#options)
  }

  /** Optional inputs that are left out have their default shapes. */
  #withDefaults(given: Record<string, readonly number[]>): Record<string, readonly number[]> {
    const shapes: Record<string, readonly number[]> = {}
    for (const feature of this.#lowerer.description.inputs) {
      if (feature.type === 'multiArray') shapes[feature.name] = feature.shape
      else if (feature.type === 'image') shapes[feature.name] = [feature.height, feature.width]
    }
    return { ...shapes, ...given }
  }

  /** Runs the caller's implementation of a layer and puts what it gives among the blobs. */
  async #evaluate(layer: NeuralNetworkLayer, blobs: Map<string, Tensor>): Promise<void> {
    const params = layer.layer.value as CustomLayerParams
    const where = `custom layer "${layer.name}" (${params.className})`
    const implementation = this.#implementations[params.className]!
    const inputs = layer.input.map((name) => {
      const tensor = blobs.get(name)
      if (!tensor) throw new CoreMLError('ERR_MODEL_INVALID', `${where}: nothing computes its input "${name}"`)
      return tensor
    })
    const parameters = parametersOf(params)
    let shapes: number[][]
    let outputs: Tensor[]
    try {
      shapes = implementation.outputShapes(
        inputs.map(({ dims }) => dims),
        parameters,
      )
      outputs = await implementation.evaluate(
        inputs,
        parameters,
        params.weights.map((each) => this.#weights.bytes(each)),
      )
    } catch (cause) {
      throw new CoreMLError('ERR_PREDICT', `${where} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
    layer.output.forEach((name, index) => {
      const [tensor, shape] = [outputs[index], shapes[index]]
      const fits = tensor?.type === 'float32' && shape && tensor.dims.join() === shape.join() && tensor.data.length === elementCount(shape)
      if (!fits) {
        const came = tensor ? `${tensor.type} [${tensor.dims.join(', ')}] with ${tensor.data.length} elements` : 'nothing'
        throw new CoreMLError(
          'ERR_PREDICT',
          `${where} gave ${came} as "${name}", where float32 [${shape?.join(', ') ?? '?'}] was announced`,
        )
      }
      blobs.set(name, tensor)
    })
  }
}

/** A float32 array of any shape. */
function arrayFeature(name: string): MultiArrayFeature {
  return { name, description: '', optional: false, type: 'multiArray', dataType: 'float32', shape: [], flexibility: { kind: 'fixed' } }
}

/** Parameters as plain values; whole numbers are numbers where that is exact. */
function parametersOf({ parameters }: CustomLayerParams): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { value }]) => {
      const plain = typeof value.value === 'bigint' && Number.isSafeInteger(Number(value.value)) ? Number(value.value) : value.value
      return [name, plain]
    }),
  )
}
