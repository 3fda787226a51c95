import { CoreMLError, type ErrorCode } from '../../../errors.ts'
import type { NeuralNetworkLayer } from '../../../format/index.ts'
import { UnknownDimensionError, type Value } from '../onnx/value.ts'
import { choose, lowerBranch, lowerLoop, type Outcome, ranThrough } from './control-flow.ts'
import type { LayerContext, LayerKind, LowerLayer, Weights } from './layer.ts'
import { controlFlowKinds, layerFamilies, layers as table } from './layers/index.ts'
import { innerNetworks, readBy, type Scope, writtenBy } from './scope.ts'
import { atLeastRank1 } from './shapes.ts'

const control: ReadonlySet<string> = new Set(controlFlowKinds)

/**
 * Layer types for which a scalar has rank 0, as a slice, squeeze or reduction without any dimension left gives it: such a scalar goes through
 * arithmetic as it is, and expanding its dimensions by one gives [1]. To all others, and as output, it has shape [1].
 */
const takeScalars: ReadonlySet<string> = new Set(['expandDims', ...Object.keys(layerFamilies['Element by element'])])

/** Refuses a network with layers that nothing here lowers, naming all of them. @throws CoreMLError ERR_CUSTOM_LAYER, ERR_OP_UNSUPPORTED */
export function checkLayers(layers: readonly NeuralNetworkLayer[], registered: ReadonlySet<string>): void {
  const custom = new Set<string>()
  const unknown: string[] = []
  const visit = (list: readonly NeuralNetworkLayer[]) => {
    for (const layer of list) {
      const kind = layer.layer.case
      if (kind === 'custom') {
        const { className } = layer.layer.value
        if (!registered.has(className)) custom.add(className)
      } else if (kind === undefined) unknown.push(`"${layer.name}"`)
      else if (!control.has(kind) && !Object.hasOwn(table, kind)) unknown.push(`"${layer.name}" (${kind})`)
      innerNetworks(layer).forEach(visit)
    }
  }
  visit(layers)
  if (custom.size > 0) {
    const names = [...custom].map((name) => `"${name}"`).join(', ')
    throw new CoreMLError(
      'ERR_CUSTOM_LAYER',
      `the network has custom layers of ${custom.size === 1 ? 'class' : 'classes'} ${names}, which are code of an app: give implementations with the option customLayers`,
    )
  }
  if (unknown.length > 0) {
    throw new CoreMLError('ERR_OP_UNSUPPORTED', `the network has layers that cannot be lowered: ${unknown.join(', ')}`)
  }
}

/** The code of what went wrong in a layer; undefined for what is dealt with elsewhere. */
function codeOf(error: unknown): ErrorCode | undefined {
  if (error instanceof CoreMLError) return error.code
  return error instanceof TypeError || error instanceof RangeError ? 'ERR_INTERNAL' : undefined
}

/** Lowers the layers of one network and of those inside it. */
export class NetworkLowering {
  readonly #weights: Weights
  readonly #sequenceAxis: boolean

  constructor(weights: Weights, sequenceAxis: boolean) {
    this.#weights = weights
    this.#sequenceAxis = sequenceAxis
  }

  /** Lowers layers in order, reading and writing the blobs of the scope. */
  readonly lower = (layers: readonly NeuralNetworkLayer[], scope: Scope): Outcome => {
    for (let index = 0; index < layers.length; index++) {
      const layer = layers[index]!
      const rest = layers.slice(index + 1)
      const live = innerNetworks(layer).length > 0 ? new Set([...scope.live, ...readBy(rest)]) : scope.live
      const outcome = this.#layer(layer, { ...scope, live })
      if (outcome.left === false) continue
      if (outcome.left === true || rest.length === 0) return outcome
      // Whether the iteration goes on is known in a run only: the rest becomes one side of a choice.
      return choose(
        scope,
        outcome.left,
        [() => ({ left: true, broke: outcome.broke }), (inner) => this.lower(rest, inner)],
        writtenBy(rest),
      )
    }
    return ranThrough
  }

  #layer(layer: NeuralNetworkLayer, scope: Scope): Outcome {
    const { layer: type } = layer
    switch (type.case) {
      case 'loopBreak':
        return { left: true, broke: true }
      case 'loopContinue':
        return { left: true, broke: false }
      case 'branch':
        return lowerBranch(layer, type.value, scope, this.lower)
      case 'loop':
        lowerLoop(layer, type.value, scope, this.lower)
        return ranThrough
      case 'copy':
        scope.blobs.set(layer.output[0]!, this.#inputs(layer, scope)[0]!)
        return ranThrough
      default: {
        const outputs = this.#compute(layer, type.case!, type.value, scope)
        layer.output.forEach((name, index) => {
          const value = outputs[index]
          if (value) scope.blobs.set(name, value)
        })
        return ranThrough
      }
    }
  }

  #inputs(layer: NeuralNetworkLayer, { blobs }: Scope): Value[] {
    return layer.input.map((name) => {
      const value = blobs.get(name)
      if (!value) throw new CoreMLError('ERR_MODEL_INVALID', `layer "${layer.name}": nothing computes its input "${name}"`)
      return value
    })
  }

  #compute(layer: NeuralNetworkLayer, kind: LayerKind, params: unknown, scope: Scope): Value[] {
    const inputs = this.#inputs(layer, scope)
    const { hint } = scope.graph
    // A profile shows nodes by name.
    scope.graph.hint = layer.name
    const context: LayerContext<unknown> = {
      name: layer.name,
      kind,
      params,
      inputs: takeScalars.has(kind) ? inputs : inputs.map((value) => atLeastRank1(scope.graph, value)),
      outputCount: layer.output.length,
      graph: scope.graph,
      weights: this.#weights,
      sequenceAxis: this.#sequenceAxis,
    }
    const lowerLayer = table[kind] as LowerLayer<unknown>
    try {
      const outputs = lowerLayer(context)
      return Array.isArray(outputs) ? outputs : [outputs]
    } catch (error) {
      if (error instanceof UnknownDimensionError) error.message = `layer "${layer.name}" (${kind}): ${error.message}`
      const code = codeOf(error)
      if (code === undefined || (error as Error).message.startsWith('layer "')) throw error
      throw new CoreMLError(code, `layer "${layer.name}" (${kind}): ${(error as Error).message}`, { cause: error })
    } finally {
      scope.graph.hint = hint
    }
  }
}
