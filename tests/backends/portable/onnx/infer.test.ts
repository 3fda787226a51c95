import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../src/backends/portable/onnx/value.ts'
import { allocate, elementCount, type Tensor, type TensorType } from '../../../../src/model/tensor.ts'
import { builder, runGraph } from './run-graph.ts'

/** The inferred types and shapes are compared with those of the results that onnxruntime computes. */
async function compare(make: (b: GraphBuilder, input: (dims: readonly number[], type?: TensorType) => Value) => Value[]) {
  const b = builder()
  const feeds: Record<string, Tensor> = {}
  const input = (dims: readonly number[], type: TensorType = 'float32') => {
    const name = `in${Object.keys(feeds).length}`
    feeds[name] = { type, data: allocate(type, elementCount(dims)), dims }
    return b.input(name, type, dims)
  }
  const values = make(b, input)
  const results = await runGraph(b, values, feeds)
  results.forEach((result, index) => {
    expect({ type: values[index]!.type, dims: values[index]!.dims }).toEqual({ type: result.type, dims: result.dims })
  })
}

const dim = fc.integer({ min: 1, max: 7 })
const shape = (rank: number) => fc.array(dim, { minLength: rank, maxLength: rank })
const runs = { numRuns: 25 }

describe('shape inference agrees with onnxruntime', () => {
  test('pooling, with padding, dilation and ceil mode', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          size: fc.integer({ min: 6, max: 17 }),
          kernel: fc.integer({ min: 1, max: 4 }),
          stride: fc.integer({ min: 1, max: 4 }),
          dilation: fc.integer({ min: 1, max: 2 }),
          pads: fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 })),
          ceil: fc.boolean(),
        }),
        async ({ size, kernel, stride, dilation, pads, ceil }) => {
          const padding = kernel > 1 ? pads : [0, 0]
          await compare((b, input) => [
            b.op('MaxPool', [input([1, 2, size])], {
              kernel_shape: [kernel],
              strides: [stride],
              dilations: [dilation],
              pads: padding,
              ceil_mode: ceil ? 1 : 0,
            }),
          ])
        },
      ),
      { numRuns: 60 },
    )
  })

  test('convolution and its transpose', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 5, max: 9 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        async (size, kernel, stride) => {
          await compare((b, input) => {
            const x = input([2, 4, size, size + 1])
            const weight = input([6, 2, kernel, kernel])
            const transposed = input([4, 3, kernel, kernel])
            return [
              b.op('Conv', [x, weight], { group: 2, strides: [stride, 1], pads: [0, 1, 1, 0] }),
              b.op('ConvTranspose', [x, transposed], { group: 2, strides: [stride, stride], output_padding: [stride - 1, 0] }),
            ]
          })
        },
      ),
      runs,
    )
  })

  test('slices with every kind of bound', async () => {
    const bound = fc.integer({ min: -9, max: 9 })
    await fc.assert(
      fc.asyncProperty(dim, bound, bound, fc.constantFrom(-3, -2, -1, 1, 2, 3), async (size, start, end, step) => {
        await compare((b, input) => [b.slice(input([2, size]), [1], [start], [end], [step])])
      }),
      { numRuns: 80 },
    )
  })

  test('broadcasting, products, reductions', async () => {
    await fc.assert(
      fc.asyncProperty(shape(4), fc.subarray([0, 1, 2, 3]), fc.boolean(), async (dims, axes, keep) => {
        await compare((b, input) => {
          const x = input(dims)
          return [
            b.op('Add', [x, input([dims[2]!, 1])]),
            b.op('MatMul', [x, input([dims[1]!, dims[3]!, 5])]),
            b.op('MatMul', [x, input([dims[3]!])]),
            b.op('ReduceSum', [x, b.ints(axes)], { keepdims: keep ? 1 : 0, noop_with_empty_axes: 1 }),
            b.op('ReduceMax', [x], { keepdims: keep ? 1 : 0 }),
            b.op('ArgMax', [x], { axis: -2, keepdims: keep ? 1 : 0 }),
            b.op('Einsum', [x, input([dims[3]!, 2])], { equation: 'abcd,de->aeb' }),
          ]
        })
      }),
      runs,
    )
  })

  test('moving elements', async () => {
    await fc.assert(
      fc.asyncProperty(shape(3), fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), async (dims, perm) => {
        await compare((b, input) => {
          const x = input(dims)
          const [a, c] = b.ops('Split', [input([5, 3])], { axis: 0, num_outputs: 2 }, { outputs: 2 })
          const [top, indices] = b.ops('TopK', [x, b.ints([1])], { axis: 1 }, { outputs: 2 })
          return [
            b.transpose(x, perm),
            b.concat([x, x], -1),
            b.op('Tile', [x, b.ints([2, 1, 3])]),
            b.op('Pad', [x, b.ints([1, 0, 2, 0, 1, 0])]),
            b.op('Gather', [x, input([2, 2], 'int64')], { axis: 1 }),
            b.op('GatherND', [x, input([4, 2], 'int64')]),
            b.op('OneHot', [input([3], 'int64'), b.scalar(4, 'int64'), b.floats([0, 1])], { axis: 0 }),
            b.op('Expand', [b.slice(x, [0], [0], [1]), b.ints([2, 1, dims[1]!, 1])]),
            b.reshape(x, [-1, dims[2]!]),
            b.op('Flatten', [x], { axis: 2 }),
            b.unsqueeze(x, [0, -1]),
            b.squeeze(b.unsqueeze(x, [1, 3]), [1, -2]),
            b.op('Range', [b.scalar(1, 'int64'), b.scalar(8, 'int64'), b.scalar(3, 'int64')]),
            a!,
            c!,
            top!,
            indices!,
          ]
        })
      }),
      runs,
    )
  })

  test('resizing and blocks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.double({ min: 0.6, max: 3, noNaN: true }), async (size, scale) => {
        await compare((b, input) => {
          const x = input([1, 8, size * 2, size * 2])
          return [
            b.op('Resize', [x, null, b.floats([1, 1, scale, 2])], { mode: 'linear' }),
            b.op('Resize', [x, null, null, b.ints([3, 5])], { mode: 'nearest', axes: [2, 3] }),
            b.op('DepthToSpace', [x], { blocksize: 2 }),
            b.op('SpaceToDepth', [x], { blocksize: 2 }),
            b.op('GlobalAveragePool', [x]),
          ]
        })
      }),
      runs,
    )
  })

  test('recurrent layers', async () => {
    await compare((b, input) => [
      ...b.ops(
        'LSTM',
        [input([5, 2, 3]), input([2, 16, 3]), input([2, 16, 4])],
        { hidden_size: 4, direction: 'bidirectional' },
        { outputs: 3 },
      ),
      ...b.ops('GRU', [input([5, 2, 3]), input([1, 12, 3]), input([1, 12, 4])], { hidden_size: 4 }, { outputs: 2 }),
    ])
  })

  test('blocks that do not divide the elements are refused', () => {
    for (const [opType, dims] of [
      ['SpaceToDepth', [1, 1, 4, 3]],
      ['DepthToSpace', [1, 6, 2, 2]],
    ] as const) {
      const b = builder()
      const x = b.input('x', 'float32', dims)
      const refused = { code: 'ERR_MODEL_INVALID', message: `${opType} of [${dims.join(', ')}]: no whole number of elements remains` }
      expect(() => b.op(opType, [x], { blocksize: 2 })).toThrow(expect.objectContaining(refused))
    }
  })
})
