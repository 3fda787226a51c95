import type { Attributes } from './attributes.ts'
import type { GraphBuilder } from './builder.ts'
import { ifAny } from './if-any.ts'
import type { Value } from './value.ts'

/** An activation as ONNX names it, with its parameters there where it has some. */
export interface RecurrentActivation {
  name: string
  parameters?: readonly [alpha: number, beta: number]
}

/** Attributes that name the activations. Of the parameters onnxruntime gives each activation that has some the next ones: there are none for the others. */
export function activationAttributes(activations: readonly RecurrentActivation[]): Attributes {
  const parameters = activations.flatMap((each) => (each.parameters ? [each.parameters] : []))
  return {
    activations: activations.map(({ name }) => name),
    ...(parameters.length > 0 && {
      activation_alpha: parameters.map(([alpha]) => alpha),
      activation_beta: parameters.map(([, beta]) => beta),
    }),
  }
}

/**
 * ONNX's RNN, GRU or LSTM; gives [steps, directions, batch, size] and the final states. No steps leave the states as they are: onnxruntime (1.30)
 * makes zeros of them then, and its GRU ends the process, as GRU and LSTM do over an empty batch.
 * @param inputs as ONNX has them: X [steps, batch, inputs], W, R, B, sequence lengths, initial states, …; null for what is left out
 */
export function recurrentLayer(
  builder: GraphBuilder,
  opType: 'RNN' | 'GRU' | 'LSTM',
  inputs: readonly (Value | null | undefined)[],
  attributes: Attributes,
): Value[] {
  const states = opType === 'LSTM' ? 2 : 1
  const run = (graph: GraphBuilder) => graph.ops(opType, [...inputs], attributes, { outputs: 1 + states })
  const [x, , weights, , , ...initial] = inputs as Value[]
  const stay = (graph: GraphBuilder) => {
    const shape = [graph.dim(weights!, 0), graph.dim(x!, 1), graph.dim(weights!, 2)]
    const zero = graph.scalar(0)
    const before = Array.from({ length: states }, (_, index) => initial[index] ?? graph.expand(zero, shape))
    return [graph.expand(zero, [graph.dim(x!, 0), ...shape]), ...before]
  }
  return ifAny(builder, builder.dims(x!).slice(0, 2), run, stay)
}
