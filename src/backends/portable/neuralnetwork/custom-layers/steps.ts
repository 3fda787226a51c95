import type { BranchLayer, CustomLayer as CustomLayerParams, LoopLayer, NeuralNetworkLayer } from '../../../../format/index.ts'
import { haveCustomLayers, mayLeave, readBy, writtenBy } from '../scope.ts'

/** Layers in a row that become one graph. */
export interface GraphStep {
  kind: 'graph'
  layers: readonly NeuralNetworkLayer[]
  /** Names that the layers may read. What they write on one side of a branch only they read on the other. */
  reads: ReadonlySet<string>
  /** Names that are read after the step. */
  live: ReadonlySet<string>
}

/** What a network with custom layers does, one step after the other: control flow that custom layers are inside of is not left to graphs. */
export type Step = GraphStep | CustomStep | BranchStep | LoopStep | LeaveStep

export interface CustomStep {
  kind: 'custom'
  layer: NeuralNetworkLayer
  params: CustomLayerParams
  live: ReadonlySet<string>
}

export interface BranchStep {
  kind: 'branch'
  layer: NeuralNetworkLayer
  /** Name of the value that decides. */
  condition: string
  whenTrue: Step[]
  otherwise: Step[]
  live: ReadonlySet<string>
}

export interface LoopStep {
  kind: 'loop'
  layer: NeuralNetworkLayer
  /** Steps before each iteration that compute `condition`; without a name for it there is none. */
  conditionSteps: Step[]
  condition: string
  body: Step[]
  /** Name of the value that limits the iterations; otherwise `maxIterations` does, where it is above 0 or there is no condition. */
  limit: string | undefined
  maxIterations: number
  live: ReadonlySet<string>
}

/** The end of an iteration, or of the loop. */
export interface LeaveStep {
  kind: 'leave'
  breaks: boolean
  live: ReadonlySet<string>
}

/** A graph of some layers. */
export function graphStep(layers: readonly NeuralNetworkLayer[], live: ReadonlySet<string>): GraphStep {
  return { kind: 'graph', layers, reads: writtenBy(layers, readBy(layers)), live }
}

/**
 * The steps of layers, as few graphs as can be.
 *
 * @param live names that are read after the layers
 * @param inLoop whether the layers belong to an iteration of a loop that is itself a step
 */
export function stepsOf(layers: readonly NeuralNetworkLayer[], live: ReadonlySet<string>, inLoop = false): Step[] {
  const [layer] = layers
  if (!layer) return []
  const own = layers.findIndex((each) => needsOwnStep(each, inLoop))
  const inGraph = own < 0 ? layers.length : own
  const rest = layers.slice(inGraph || 1)
  const later = union(live, readBy(rest))
  const step = inGraph > 0 ? graphStep(layers.slice(0, inGraph), later) : ownStep(layer, later, inLoop)
  return [step, ...stepsOf(rest, live, inLoop)]
}

/** True for a layer that no graph can hold. */
function needsOwnStep(layer: NeuralNetworkLayer, inLoop: boolean): boolean {
  return haveCustomLayers([layer]) || (inLoop && mayLeave([layer]))
}

function ownStep(layer: NeuralNetworkLayer, live: ReadonlySet<string>, inLoop: boolean): Step {
  const { layer: type } = layer
  if (type.case === 'branch') return branchStep(layer, type.value, live, inLoop)
  if (type.case === 'loop') return loopStep(layer, type.value, live)
  if (type.case === 'custom') return { kind: 'custom', layer, params: type.value, live }
  return { kind: 'leave', breaks: type.case === 'loopBreak', live }
}

function branchStep(
  layer: NeuralNetworkLayer,
  { ifBranch, elseBranch }: BranchLayer,
  live: ReadonlySet<string>,
  inLoop: boolean,
): BranchStep {
  return {
    kind: 'branch',
    layer,
    condition: layer.input[0] ?? '',
    whenTrue: stepsOf(ifBranch?.layers ?? [], live, inLoop),
    otherwise: stepsOf(elseBranch?.layers ?? [], live, inLoop),
    live,
  }
}

function loopStep(layer: NeuralNetworkLayer, params: LoopLayer, live: ReadonlySet<string>): LoopStep {
  const { conditionVar: condition, conditionNetwork, bodyNetwork, maxLoopIterations } = params
  // An iteration reads what the one before it wrote.
  const liveInside = union(live, readBy([layer]))
  return {
    kind: 'loop',
    layer,
    conditionSteps: condition ? stepsOf(conditionNetwork?.layers ?? [], liveInside) : [],
    condition,
    body: stepsOf(bodyNetwork?.layers ?? [], liveInside, true),
    limit: layer.input[0],
    maxIterations: maxLoopIterations,
    live,
  }
}

function union(one: ReadonlySet<string>, other: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...one, ...other])
}
