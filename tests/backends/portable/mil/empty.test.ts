import { Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { float32, int32, operation, type Parameter, programModel, run, runEach } from './program.ts'

const floats = (...dims: number[]) => new Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(2), dims)

/** One op on inputs of the sizes that are given, open in the program unless said otherwise. Its elements, and its shape. */
async function result(
  type: string,
  sizes: Record<string, number[]>,
  parameters: Record<string, Parameter>,
  rank: number,
  open?: (number | null)[][],
) {
  const inputs = Object.fromEntries(
    Object.entries(sizes).map(([name, dims], at) => [name, float32(...(open?.[at] ?? dims.map(() => null)))]),
  )
  const named = Object.fromEntries(Object.keys(sizes).map((name) => [name, name]))
  const operations = [
    operation(type, { ...named, ...parameters }, { result: float32(...Array(rank).fill(null)) }),
    operation('shape', { x: 'result' }, { shape: int32(rank) }),
  ]
  const feeds = Object.fromEntries(Object.entries(sizes).map(([name, dims]) => [name, floats(...dims)]))
  const [outputs] = await run(programModel(inputs, operations, ['result', 'shape']), feeds)
  return outputs
}

// Expected values are numpy's.
describe('tensors that turn out to have no elements', () => {
  const ints = (...numbers: number[]) => ({ ints: numbers, dims: [numbers.length] })

  test('reduced over axes that count from the end', async () => {
    const reduced = (type: string, axis: number, ...dims: number[]) =>
      result(type, { x: dims }, { axes: ints(axis), keep_dims: { bool: false } }, 1)
    expect(await reduced('reduce_sum', -1, 2, 0)).toEqual({ result: [0, 0], shape: [2] })
    expect(await reduced('reduce_prod', -2, 0, 3)).toEqual({ result: [1, 1, 1], shape: [3] })
    expect(await reduced('reduce_sum', -1, 0, 3)).toEqual({ result: [], shape: [0] })
    expect(await result('reduce_argmax', { x: [0, 3] }, { axis: { ints: [-1] }, keep_dims: { bool: false } }, 1)).toEqual({
      result: [],
      shape: [0],
    })
  })

  test('have no mean', async () => {
    const mean = (axes: Record<string, Parameter>, rank: number, ...dims: number[]) =>
      result('reduce_mean', { x: dims }, { ...axes, keep_dims: { bool: false } }, rank)
    expect(await mean({ axes: ints(-1) }, 1, 2, 0)).toEqual({ result: [Number.NaN, Number.NaN], shape: [2] })
    expect(await mean({ axes: ints(0) }, 1, 3, 2)).toEqual({ result: [2, 2], shape: [2] })
    expect(await mean({ axes: ints(0) }, 1, 3, 0)).toEqual({ result: [], shape: [0] })
    expect(await mean({ axes: ints(0, 1) }, 0, 0, 2)).toMatchObject({ result: [Number.NaN] })
  })

  test.each(['product', 'operand'])(
    'multiplied: sums of no terms are zeros, in every matrix (transposed by the %s)',
    async (transposed) => {
      const byProduct = transposed === 'product'
      const product = { x: 'x', y: byProduct ? 'y' : 'columns', transpose_x: { bool: false }, transpose_y: { bool: byProduct } }
      const operations = [
        operation('transpose', { x: 'y', perm: { ints: [0, 2, 1], dims: [3] } }, { columns: float32(3, null, 4) }),
        operation('matmul', product, { product: float32(3, 2, 4) }),
        operation('add', { x: 'product', y: { floats: [1] } }, { result: float32(3, 2, 4) }),
      ]
      const model = programModel({ x: float32(3, 2, null), y: float32(3, 4, null) }, operations, ['result'])
      const feed = (terms: number) => ({ x: floats(3, 2, terms), y: floats(3, 4, terms) })
      // The memory is that of an earlier product.
      const [some, none] = await runEach(model, [feed(5), feed(0)])
      expect(some!.result).toEqual(Array(24).fill(21))
      expect(none!.result).toEqual(Array(24).fill(1))
    },
  )

  test('multiplied with a matrix that is broadcast', async () => {
    const product = (x: number[], y: number[], open: (number | null)[][]) =>
      result(
        'matmul',
        { x, y },
        { transpose_x: { bool: false }, transpose_y: { bool: false } },
        x.length > 1 ? Math.max(x.length, y.length) : 2,
        open,
      )
    expect(
      await product(
        [3, 4],
        [0, 4, 5],
        [
          [3, 4],
          [null, 4, 5],
        ],
      ),
    ).toEqual({ result: [], shape: [0, 3, 5] })
    expect(
      await product(
        [0, 1, 3, 4],
        [1, 2, 4, 5],
        [
          [null, 1, 3, 4],
          [1, 2, 4, 5],
        ],
      ),
    ).toEqual({ result: [], shape: [0, 2, 3, 5] })
    expect(await product([4], [0, 4, 5], [[4], [null, 4, 5]])).toEqual({ result: [], shape: [0, 5] })
    expect(
      await product(
        [1, 2],
        [3, 2, 1],
        [
          [1, 2],
          [null, 2, 1],
        ],
      ),
    ).toEqual({ result: [8, 8, 8], shape: [3, 1, 1] })
  })

  test('reshaped to sizes that a run tells', async () => {
    const reshaped = async (opset: string, dims: number[], ...shape: number[]) => {
      const operations = [
        operation('reshape', { x: 'x', shape: 'shape' }, { reshaped: float32(...shape.map(() => null)) }),
        operation('shape', { x: 'reshaped' }, { result: int32(shape.length) }),
      ]
      const model = programModel({ x: float32(...dims.map(() => null)), shape: int32(shape.length) }, operations, ['result'], opset)
      const [outputs] = await run(model, { x: floats(...dims), shape: new Tensor('int32', Int32Array.from(shape), [shape.length]) })
      return outputs!.result
    }
    for (const opset of ['CoreML5', 'CoreML7']) {
      expect(await reshaped(opset, [0, 4], 1, 0, 4)).toEqual([1, 0, 4])
      expect(await reshaped(opset, [0, 4], 4, 0)).toEqual([4, 0])
      expect(await reshaped(opset, [2, 0, 3], 0, 3)).toEqual([0, 3])
      expect(await reshaped(opset, [2, 0, 3], 2, -1, 3)).toEqual([2, 0, 3])
      // Sizes that are taken over.
      expect(await reshaped(opset, [3, 0], 0, 0)).toEqual([3, 0])
    }
  })

  test('in the middle, or not to be divided by', async () => {
    const weight = { floats: Array(8).fill(1), dims: [2, 4] }
    expect(await result('linear', { x: [3, 0, 4] }, { weight, bias: { floats: [1, 2], dims: [2] } }, 3)).toEqual({
      result: [],
      shape: [3, 0, 2],
    })
    const response = await result('local_response_norm', { x: [0, 2, 3] }, { size: { ints: [3] } }, 3, [[null, 2, null]])
    expect(response).toEqual({ result: [], shape: [0, 2, 3] })
    expect(await result('flatten2d', { x: [0, 2, 3] }, { axis: { ints: [1] } }, 2, [[0, null, 3]])).toEqual({ result: [], shape: [0, 6] })
    const interleaved = { values: ['x', 'x'], axis: { ints: [1] }, interleave: { bool: true } }
    expect(await result('concat', { x: [0, 2] }, interleaved, 2)).toEqual({ result: [], shape: [0, 4] })
  })

  test('normalized along channels', async () => {
    const norm = { gamma: { floats: [1, 1], dims: [2] }, beta: { floats: [3, 4], dims: [2] } }
    expect(await result('instance_norm', { x: [1, 2, 0] }, norm, 3)).toEqual({ result: [], shape: [1, 2, 0] })
    expect(await result('instance_norm', { x: [1, 2, 2] }, norm, 3)).toEqual({ result: [3, 3, 4, 4], shape: [1, 2, 2] })
  })

  test('a sequence of no steps, for an LSTM that clips', async () => {
    const zeros = (...dims: number[]) => ({ floats: Array(dims.reduce((a, b) => a * b, 1)).fill(0), dims })
    const parameters = {
      x: 'x',
      initial_h: { floats: [3], dims: [1, 1] },
      initial_c: { floats: [4], dims: [1, 1] },
      weight_ih: zeros(4, 2),
      weight_hh: zeros(4, 1),
      clip: { floats: [1] },
      output_sequence: { bool: true },
    }
    const lstm = operation('lstm', parameters, { all: float32(null, 1, 1), h: float32(1, 1), c: float32(1, 1) })
    const model = programModel({ x: float32(null, 1, 2) }, [lstm], ['all', 'h', 'c'])
    const [none, some] = await runEach(model, [{ x: floats(0, 1, 2) }, { x: floats(1, 1, 2) }])
    expect(none).toEqual({ all: [], h: [3], c: [4] })
    // Half of the cell's state, clipped; half of its tanh.
    expect(some!.c).toEqual([1])
    expect(some!.h![0]).toBeCloseTo(Math.tanh(1) / 2, 6)
  })
})
