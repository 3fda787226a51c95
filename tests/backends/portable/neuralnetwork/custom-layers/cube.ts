import { expect } from 'vitest'
import type { CustomLayer } from '../../../../../src/backends/backend.ts'
import type { Tensor } from '../../../../../src/model/tensor.ts'

/** The layer "Cube" of the fixtures: powers of the input, once for each weight, which is added. */
export const cube: CustomLayer = {
  outputShapes: ([dims]) => [[2 * dims![0]!]],
  evaluate: ([x], { power, label }, [bytes]) => {
    expect(label).toBe('cube')
    const offsets = new Float32Array(bytes!.slice().buffer)
    const values = Array.from(x!.data as Float32Array, (value) => value ** (power as number))
    const data = Float32Array.from([...offsets].flatMap((offset) => values.map((value) => value + offset)))
    return [{ type: 'float32', data, dims: [data.length] } satisfies Tensor]
  },
}
