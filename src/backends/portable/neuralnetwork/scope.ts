import type { NeuralNetworkLayer } from '../../../format/index.ts'
import type { GraphBuilder } from '../onnx/builder.ts'
import type { Value } from '../onnx/value.ts'

/** The tensors of a network by name, as they stand at one place in it. Layers may overwrite them (copies in loops do). */
export type Blobs = Map<string, Value>

/** One graph or inner graph that layers are lowered into. */
export interface Scope {
  readonly graph: GraphBuilder
  readonly blobs: Blobs
  /** Names whose values somebody reads after the layers of this scope. */
  readonly live: ReadonlySet<string>
}

/** The networks inside a layer. */
export function innerNetworks({ layer }: NeuralNetworkLayer): NeuralNetworkLayer[][] {
  if (layer.case === 'branch') return [layer.value.ifBranch, layer.value.elseBranch].map((network) => network?.layers ?? [])
  if (layer.case === 'loop') return [layer.value.conditionNetwork, layer.value.bodyNetwork].map((network) => network?.layers ?? [])
  return []
}

/** Names that layers read, those inside them included. */
export function readBy(layers: readonly NeuralNetworkLayer[], names = new Set<string>()): Set<string> {
  for (const layer of layers) {
    for (const name of layer.input) names.add(name)
    if (layer.layer.case === 'loop' && layer.layer.value.conditionVar) names.add(layer.layer.value.conditionVar)
    for (const inner of innerNetworks(layer)) readBy(inner, names)
  }
  return names
}

/** Names that layers write, those inside them included. */
export function writtenBy(layers: readonly NeuralNetworkLayer[], names = new Set<string>()): Set<string> {
  for (const layer of layers) {
    for (const name of layer.output) names.add(name)
    for (const inner of innerNetworks(layer)) writtenBy(inner, names)
  }
  return names
}

/** True where there are custom layers, inside branches and loops too. */
export function haveCustomLayers(layers: readonly NeuralNetworkLayer[]): boolean {
  return layers.some((layer) => layer.layer.case === 'custom' || innerNetworks(layer).some(haveCustomLayers))
}

/** True where layers may end an iteration of the loop around them. */
export function mayLeave(layers: readonly NeuralNetworkLayer[]): boolean {
  return layers.some(({ layer }) => {
    if (layer.case === 'loopBreak' || layer.case === 'loopContinue') return true
    return layer.case === 'branch' && (mayLeave(layer.value.ifBranch?.layers ?? []) || mayLeave(layer.value.elseBranch?.layers ?? []))
  })
}
