import type { GraphBuilder } from './builder.ts'
import type { Value } from './value.ts'

/** Weights [..., points, size] that interpolate linearly at `positions` [..., points] between elements at `places` [size], one apart: a triangle around each. */
export function interpolation(builder: GraphBuilder, positions: Value, places: Value): Value {
  const distance = builder.op('Abs', [builder.op('Sub', [builder.unsqueeze(positions, [positions.dims.length]), places])])
  return builder.op('Relu', [builder.op('Sub', [builder.scalar(1), distance])])
}
