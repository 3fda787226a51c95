import { Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { UnknownDimensionError } from '../../../../src/backends/portable/onnx/value.ts'
import { MilDataType } from '../../../../src/format/index.ts'
import { expectNumbers, loadFixture, numbersOf, readFixture } from './corpus.ts'
import { float32, int32, lower, operation, programModel, run, tensorType } from './program.ts'

const x = new Tensor('float32', Float32Array.of(1, -2, 3), [3])

describe('lowering of ML Programs', () => {
  test('names every op that it cannot lower at once', () => {
    const operations = [
      operation('nonsense', { x: 'x' }, { a: float32(3) }),
      operation('relu', { x: 'a' }, { b: float32(3) }),
      operation('nonsense', { x: 'b' }, { c: float32(3) }),
      operation('custom_thing', { x: 'c' }, { y: float32(3) }),
    ]
    const model = programModel({ x: float32(3) }, operations, ['y'])
    expect(() => lower(model)).toThrow(expect.objectContaining({ code: 'ERR_OP_UNSUPPORTED' }))
    expect(() => lower(model)).toThrow(/custom_thing, nonsense \(2 times\)/)
  })

  test('writes into a large cache without constants of its size', () => {
    const cache = float32(8, 1024, 64)
    const bounds = { begin: { ints: [3, 0, 0], dims: [3] }, end: { ints: [4, 9, 64], dims: [3] } }
    const model = programModel(
      { cache, update: float32(1, 9, 64) },
      [operation('slice_update', { x: 'cache', update: 'update', ...bounds }, { y: cache })],
      ['y'],
    )
    const bytes = lower(model).graph.initializers.map(({ constant }) => constant?.bytes.byteLength ?? 0)
    expect(bytes.reduce((a, b) => a + b, 0)).toBeLessThan(32 << 10)
  })

  test('names every use of an op that it cannot lower at once', () => {
    const gelu = (mode: string, from: string, to: string) => operation('gelu', { x: from, mode: { text: mode } }, { [to]: float32(3) })
    const model = programModel({ x: float32(3) }, [gelu('ROUGH', 'x', 'a'), gelu('EXACT', 'a', 'b'), gelu('FAST', 'b', 'y')], ['y'])
    expect(() => lower(model)).toThrow(/gelu "a": mode ROUGH; gelu "y": mode FAST/)
  })

  test('says which op a missing parameter, an unknown name and a shape that does not fit belong to', () => {
    const broken = (type: string, inputs: Parameters<typeof operation>[1]) =>
      programModel({ x: float32(3) }, [operation(type, inputs, { y: float32(3) })], ['y'])
    for (const [model, message] of [
      [broken('add', { x: 'x' }), /add "y": parameter y is missing/],
      [broken('relu', { x: 'nobody' }), /"nobody"/],
      [broken('reshape', { x: 'x', shape: { ints: [2, 2], dims: [2] } }), /reshape "y"/],
      [
        broken('expand_dims', { x: 'x', axes: { ints: [0], dims: [1] } }),
        /expand_dims "y": a result of 2 dimensions where the program declares 1/,
      ],
    ] as const) {
      expect(() => lower(model)).toThrow(expect.objectContaining({ code: 'ERR_MODEL_INVALID' }))
      expect(() => lower(model)).toThrow(message)
    }
  })

  test('says for which shapes a program of several cannot be computed', () => {
    const ops: [string, Parameters<typeof operation>[1]][] = [
      ['reshape', { x: 'x', shape: { ints: [2, -1], dims: [2] } }],
      ['sliding_windows', { x: 'x', axis: { ints: [0] }, size: { ints: [4] } }],
    ]
    for (const [type, inputs] of ops) {
      const model = programModel({ x: float32(null) }, [operation(type, inputs, { y: float32(null, null) })], ['y'])
      expect(() => lower(model, {}, { x: [6] })).not.toThrow()
      expect(() => lower(model, {}, { x: [3] })).toThrow(expect.objectContaining({ code: 'ERR_INPUT' }))
      expect(() => lower(model, {}, { x: [3] })).toThrow(new RegExp(`cannot be computed for "x" \\[3\\]: ${type} "y"`))
    }
    const pool = operation('max_pool', { x: 'x', kernel_sizes: { ints: [5], dims: [1] } }, { y: float32(1, 1, null) })
    const pooled = programModel({ x: float32(1, 1, null) }, [pool], ['y'])
    expect(() => lower(pooled, {}, { x: [1, 1, 5] })).not.toThrow()
    expect(() => lower(pooled, {}, { x: [1, 1, 3] })).toThrow(/for "x" \[1, 1, 3\]: max_pool "y": its input is smaller than its window/)
  })

  test('an output that is an input, a constant, or there twice', async () => {
    const operations = [
      operation('identity', { x: 'x' }, { same: float32(3) }),
      operation('fill', { shape: { ints: [2], dims: [1] }, value: { floats: [4] } }, { constant: float32(2) }),
      operation('relu', { x: 'x' }, { y: float32(3) }),
      operation('identity', { x: 'y' }, { again: float32(3) }),
    ]
    const [outputs] = await run(programModel({ x: float32(3) }, operations, ['same', 'constant', 'y', 'again']), { x })
    expect(outputs).toEqual({ same: [1, -2, 3], constant: [4, 4], y: [1, 0, 3], again: [1, 0, 3] })
  })

  test('an output of the name of the input that it is', async () => {
    const model = programModel({ x: float32(3) }, [operation('relu', { x: 'x' }, { y: float32(3) })], ['x', 'y'])
    const [outputs] = await run(model, { x })
    expect(outputs).toEqual({ x: [1, -2, 3], y: [1, 0, 3] })
  })

  test('a single number is an array of one', () => {
    const sum = operation('reduce_sum', { x: 'x', keep_dims: { bool: false } }, { y: float32() })
    expect(lower(programModel({ x: float32(3) }, [sum], ['y'])).graph.outputs).toEqual([{ name: 'y', type: 'float32', dims: [1] }])
  })

  test('casts to narrow integers wrap, towards zero', async () => {
    const operations = [
      operation('cast', { x: 'x', dtype: { text: 'uint8' } }, { narrow: tensorType(MilDataType.UINT8, [3]) }),
      operation('cast', { x: 'narrow', dtype: { text: 'int32' } }, { y: int32(3) }),
    ]
    const given = new Tensor('float32', Float32Array.of(-1.9, 300.2, 255.9), [3])
    const [outputs] = await run(programModel({ x: float32(3) }, operations, ['y'], 'CoreML7'), { x: given })
    expect(outputs!.y).toEqual([255, 44, 255])
  })

  test('an index out of bounds is safe, or an error where the op validates it', async () => {
    const gather = (validate: boolean) =>
      operation('gather', { x: 'x', indices: 'i', axis: { ints: [0] }, validate_indices: { bool: validate } }, { y: float32(2) })
    const i = new Tensor('int32', Int32Array.of(-1, 9), [2])
    const program = (validate: boolean) => programModel({ x: float32(3), i: int32(2) }, [gather(validate)], ['y'], 'CoreML7')
    const [outputs] = await run(program(false), { x, i })
    expect(outputs!.y).toEqual([1, 1])
    await expect(run(program(true), { x, i })).rejects.toThrow(/out of (data )?bounds|out of range/)
    const [old] = await run(programModel({ x: float32(3), i: int32(2) }, [gather(false)], ['y'], 'CoreML6'), {
      x,
      i: new Tensor('int32', Int32Array.of(-1, -3), [2]),
    })
    expect(old!.y).toEqual([3, 1])
  })

  describe('an index out of bounds of an op that gathers or scatters along axes', () => {
    const updates = { updates: { floats: [9], dims: [1] }, mode: { text: 'update' } }
    const axis = { axis: { ints: [0] } }
    const nd = { indices: { ints: [-1], dims: [1, 1] } }
    const along = { indices: { ints: [-1], dims: [1] } }
    const cases = [
      ['gather_along_axis', { x: 'x', ...axis }, along, [3], [1]],
      ['gather_nd', { x: 'x' }, nd, [3], [1]],
      ['scatter_along_axis', { data: 'x', ...axis, ...updates }, along, [1, -2, 9], [9, -2, 3]],
      ['scatter_nd', { data: 'x', ...updates }, nd, [1, -2, 9], [9, -2, 3]],
    ] as const
    test.each(cases)('%s', async (type, given, known, counted, safe) => {
      const program = (opset: string, indices: Parameters<typeof operation>[1], more: Parameters<typeof operation>[1] = {}) =>
        programModel(
          { x: float32(3), i: int32(...known.indices.dims) },
          [operation(type, { ...given, ...indices, ...more }, { y: float32(counted.length) })],
          ['y'],
          opset,
        )
      const feeds = { x, i: new Tensor('int32', Int32Array.of(-1), known.indices.dims) }
      const told = { indices: 'i' }
      for (const indices of [known, told]) {
        // Until iOS 16 it counts from the end.
        expect((await run(program('CoreML6', indices), feeds))[0]!.y).toEqual(counted)
        expect((await run(program('CoreML7', indices, { validate_indices: { bool: false } }), feeds))[0]!.y).toEqual(safe)
      }
      const checked = { validate_indices: { bool: true } }
      expect(() => lower(program('CoreML7', known, checked))).toThrow(/index -1 is out of bounds/)
      await expect(run(program('CoreML7', told, checked), feeds)).rejects.toThrow(/out of (data )?bounds|out of range|invalid ind/i)
    })
  })

  test('a 0 in a shape that a run tells takes over a dimension, since iOS 17 counted from the end', async () => {
    const reshapes = (dims: null[]) => [
      operation('reshape', { x: 'x', shape: 'shape' }, { reshaped: float32(...dims) }),
      operation('shape', { x: 'reshaped' }, { y: int32(dims.length) }),
    ]
    const shapeOf = async (opset: string, ...sizes: number[]) => {
      const operations = reshapes(sizes.map(() => null))
      const feeds = {
        x: new Tensor('float32', new Float32Array(24), [4, 2, 3]),
        shape: new Tensor('int32', Int32Array.from(sizes), [sizes.length]),
      }
      const [outputs] = await run(programModel({ x: float32(null, 2, 3), shape: int32(sizes.length) }, operations, ['y'], opset), feeds)
      return outputs!.y
    }
    expect(await shapeOf('CoreML7', 8, 0)).toEqual([8, 3])
    expect(await shapeOf('CoreML7', 0, -1, 0, 0)).toEqual([1, 4, 2, 3])
    expect(await shapeOf('CoreML7', 0, -1, 3)).toEqual([4, 2, 3])
    expect(await shapeOf('CoreML6', 0, -1, 3)).toEqual([4, 2, 3])
  })

  test('a product of open batches is one node', () => {
    const product = operation(
      'matmul',
      { x: 'x', y: 'y', transpose_x: { bool: false }, transpose_y: { bool: true } },
      { z: float32(null, null, null) },
    )
    const { graph } = lower(programModel({ x: float32(null, null, 4), y: float32(null, null, 4) }, [product], ['z']))
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['FusedMatMul', 'Identity'])
  })

  test('equal parts are equal, or refused', async () => {
    const split = operation('split', { x: 'x', num_splits: { ints: [2] }, axis: { ints: [0] } }, { a: float32(null), b: float32(null) })
    const model = programModel({ x: float32(null) }, [split], ['a', 'b'])
    const four = new Tensor('float32', Float32Array.of(1, 2, 3, 4), [4])
    expect((await run(model, { x: four }))[0]).toEqual({ a: [1, 2], b: [3, 4] })
    await expect(run(model, { x })).rejects.toThrow(/split/i)
    expect(() => lower(model, {}, { x: [3] })).toThrow(/split "a": a dimension of 3 cannot be split in 2 equal parts/)
  })

  // numpy's trunc(x / y) of float64.
  test('integers are divided exactly, and by zero without harm', async () => {
    const model = programModel({ x: int32(5), y: int32(5) }, [operation('real_div', { x: 'x', y: 'y' }, { q: int32(5) })], ['q'])
    const feeds = {
      x: new Tensor('int32', Int32Array.of(2147483647, 100000001, -7, 7, 5), [5]),
      y: new Tensor('int32', Int32Array.of(-1, 1, 2, 2, 0), [5]),
    }
    const [outputs] = await run(model, feeds)
    expect(outputs!.q).toEqual([-2147483647, 100000001, -3, 3, 0])
  })

  // torch's expand(n, -1) as coremltools 8 wrote it: the shape, -1 and all, divided by the present one.
  test('a dimension tiled less than once stays as it is', async () => {
    const operations = [
      operation('real_div', { x: 'shape', y: { ints: [1, 3], dims: [2] } }, { reps: int32(2) }),
      operation('tile', { x: 'x', reps: 'reps' }, { y: float32(null, null) }),
    ]
    const feeds = { x: new Tensor('float32', Float32Array.of(1, -2, 3), [1, 3]), shape: new Tensor('int32', Int32Array.of(2, -1), [2]) }
    const [outputs] = await run(programModel({ x: float32(1, 3), shape: int32(2) }, operations, ['y']), feeds)
    expect(outputs!.y).toEqual([1, -2, 3, 1, -2, 3])
  })

  // As coremltools writes torch's expand, before its passes: -1 is "as it is".
  test('how often a dimension is tiled is known where the shapes are', async () => {
    const operations = [
      operation('shape', { x: 'x' }, { present: int32(2) }),
      operation('equal', { x: { ints: [2, -1], dims: [2] }, y: { ints: [-1] } }, { kept: tensorType(MilDataType.BOOL, [2]) }),
      operation('select', { cond: 'kept', a: 'present', b: { ints: [2, -1], dims: [2] } }, { wanted: int32(2) }),
      operation('real_div', { x: 'wanted', y: 'present' }, { reps: int32(2) }),
      operation('tile', { x: 'x', reps: 'reps' }, { y: float32(null, null) }),
    ]
    const model = programModel({ x: float32(null, null) }, operations, ['y'])
    expect(lower(model, {}, { x: [1, 3] }).graph.outputs[0]!.dims).toEqual([2, 3])
    const [outputs] = await run(model, { x: new Tensor('float32', Float32Array.of(1, -2, 3), [1, 3]) })
    expect(outputs!.y).toEqual([1, -2, 3, 1, -2, 3])
  })

  // torch's x[mask] = 0 with a mask of nothing but false.
  test('a single element is tiled no times where the count says so, and scattered nowhere', async () => {
    const operations = [
      operation('tile', { x: { floats: [7], dims: [1] }, reps: 'count' }, { updates: float32(null) }),
      operation('scatter_nd', { data: 'x', indices: 'indices', updates: 'updates', mode: { text: 'update' } }, { y: float32(3) }),
    ]
    const model = programModel({ x: float32(3), count: int32(1), indices: int32(null, 1) }, operations, ['y'])
    const scattered = async (...indices: number[]) => {
      const feeds = {
        x: new Tensor('float32', Float32Array.of(1, 2, 3), [3]),
        count: new Tensor('int32', Int32Array.of(indices.length), [1]),
        indices: new Tensor('int32', Int32Array.from(indices), [indices.length, 1]),
      }
      const [outputs] = await run(model, feeds)
      return outputs!.y
    }
    expect(await scattered()).toEqual([1, 2, 3])
    expect(await scattered(2, 0)).toEqual([7, 2, 7])
  })

  test('asks for the shape where an op has to know it, and lowers with one', () => {
    const normalized = operation('non_maximum_suppression', nms('x'), {
      b: float32(1, 5, 4),
      c: float32(1, 5, 1),
      d: int32(1, 5),
      e: int32(1),
    })
    const model = programModel({ x: float32(1, null, 4), scores: float32(1, null, 1) }, [normalized], ['b'])
    expect(() => lower(model)).toThrow(UnknownDimensionError)
    expect(lower(model, {}, { x: [1, 6, 4], scores: [1, 6, 1] }).graph.outputs[0]!.dims).toEqual([1, 5, 4])
  })

  test('of no boxes none is left', async () => {
    const types = { b: float32(1, 5, 4), c: float32(1, 5, 1), d: int32(1, 5), e: int32(1) }
    const boxes = operation(
      'slice_by_size',
      { x: 'x', begin: { ints: [0, 0, 0], dims: [3] }, size: { ints: [1, 0, 4], dims: [3] } },
      { none: float32(1, 0, 4) },
    )
    const scores = operation(
      'slice_by_size',
      { x: 'x', begin: { ints: [0, 0, 0], dims: [3] }, size: { ints: [1, 0, 1], dims: [3] } },
      { scores: float32(1, 0, 1) },
    )
    const model = programModel(
      { x: float32(1, 2, 4) },
      [boxes, scores, operation('non_maximum_suppression', nms('none'), types)],
      Object.keys(types),
    )
    const [outputs] = await run(model, { x: new Tensor('float32', new Float32Array(8), [1, 2, 4]) })
    expect(outputs).toEqual({ b: Array(20).fill(0), c: Array(5).fill(0), d: Array(5).fill(-1), e: [0] })
  })
})

function nms(boxes: string): Parameters<typeof operation>[1] {
  return { boxes, scores: 'scores', iou_threshold: { floats: [0.5] }, score_threshold: { floats: [0] }, max_boxes: { ints: [5] } }
}

describe('states', () => {
  test('are shared by functions that have the same ones', async () => {
    const [prefill, decode] = await Promise.all(
      [undefined, 'decode'].map((functionName) => loadFixture('functions-states', { functionName })),
    )
    try {
      const [state, other] = [prefill!.newState(), decode!.newState()]
      const sum = async (model: typeof prefill, x: number[], kept: typeof state) =>
        numbersOf((await model!.predict({ x }, { state: kept })).sum as never)
      expect(await sum(prefill, [1, 2, 0.5], state)).toEqual([3.5])
      expect(await Promise.all([sum(decode, [4], state), sum(decode, [-1], state), sum(decode, [10], other)])).toEqual([[7.5], [6.5], [10]])
      expect(await sum(prefill, [1, 1, 1], state)).toEqual([9.5])
      expect(numbersOf(await state.read('total'))).toEqual([9.5])
    } finally {
      await Promise.all([prefill!.dispose(), decode!.dispose()])
    }
  })

  test('sequences do not see each other, and a state can be written', async () => {
    const { cases } = readFixture('states')
    const model = await loadFixture('states')
    try {
      const [a, b] = [model.newState(), model.newState()]
      const totalBefore = async (state: typeof a, index: number) => {
        const outputs: Record<string, unknown> = await model.predict(cases[index]!.inputs, { state })
        return numbersOf(outputs.before as never)
      }
      expect(await totalBefore(a, 0)).toEqual([0, 0])
      expect(await totalBefore(b, 2)).toEqual([0, 0])
      expect(await totalBefore(a, 1)).toEqual([1, -0.5])
      expect(await totalBefore(b, 0)).toEqual([3, -1.5])
      await b.write('total', { type: 'float32', dims: [2], data: Float32Array.of(10, 20) })
      expect(await totalBefore(b, 0)).toEqual([10, 20])
      expectNumbers(numbersOf(await a.read('total')), [3, -1.5], 1e-3, 'a')
    } finally {
      await model.dispose()
    }
  })
})

describe('inner values', () => {
  test('come by the names of the program', async () => {
    const { cases } = readFixture('half-precision')
    const model = await loadFixture('half-precision')
    try {
      const { intermediates } = await model.predictDetailed(cases[0]!.inputs, { intermediates: 'all' })
      expect(intermediates).toBeDefined()
      expect(Object.values(intermediates!).every(({ dims }) => dims.length === 1 && dims[0] === 4)).toBe(true)
      expect(Object.keys(intermediates!).length).toBeGreaterThan(3)
      const [name] = Object.keys(intermediates!)
      const { [name!]: inner, ...outputs } = await model.predict(cases[0]!.inputs, { intermediates: [name!] })
      expect(inner).toEqual(intermediates![name!])
      expect(Object.keys(outputs).sort()).toEqual(Object.keys(cases[0]!.outputs).sort())
      await expect(model.predict(cases[0]!.inputs, { intermediates: ['nothing'] })).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
    } finally {
      await model.dispose()
    }
  })

  test('cannot be had from inside a branch or loop, which the message says', async () => {
    const { cases } = readFixture('control-flow')
    const model = await loadFixture('control-flow')
    try {
      const ask = (name: string) => model.predict(cases[0]!.inputs, { intermediates: [name] })
      await expect(ask('add_2')).rejects.toMatchObject({
        code: 'ERR_ARGUMENT',
        message: 'the inner value "add_2" is inside a branch or loop: those cannot be asked for',
      })
      await expect(ask('add_200')).rejects.toThrow('the model has no inner value "add_200"')
      const { intermediates } = await model.predictDetailed(cases[0]!.inputs, { intermediates: 'all' })
      expect(Object.keys(intermediates!)).toContain('mul_0')
      expect(Object.keys(intermediates!)).not.toContain('add_2')
    } finally {
      await model.dispose()
    }
  })
})
