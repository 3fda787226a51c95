import { describe, expect, it } from 'vitest'
import { categorical, normal, uniform } from '../../../../src/backends/portable/onnx/random.ts'
import { builder, runGraph } from './run-graph.ts'

const count = 40_000
const shape = [200, count / 200]

/** Values of a generator, two of the same seed and one of another. */
async function drawn(make: typeof uniform | typeof normal): Promise<Float32Array[]> {
  const graph = builder()
  const size = graph.ints(shape)
  const results = await runGraph(graph, [make(graph, size, 7n), make(graph, size, 7n), make(graph, size, 8n)])
  for (const { dims } of results) expect([...dims]).toEqual(shape)
  return results.map(({ data }) => data as Float32Array)
}

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length
const moment = (values: ArrayLike<number>, power: number) => mean(Array.from(values, (value) => value ** power))

/** Greatest distance between the empirical distribution and the given one, times √n: above 1.95 once in a thousand times. */
function kolmogorov(values: Float32Array, distribution: (x: number) => number): number {
  const sorted = Float32Array.from(values).sort()
  let distance = 0
  sorted.forEach((value, index) => {
    const expected = distribution(value)
    distance = Math.max(distance, Math.abs(expected - index / sorted.length), Math.abs(expected - (index + 1) / sorted.length))
  })
  return distance * Math.sqrt(sorted.length)
}

describe('random numbers', () => {
  it('draw evenly from [0, 1)', async () => {
    const [first, again, other] = await drawn(uniform)
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
    expect(Math.min(...first!)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...first!)).toBeLessThan(1)
    expect(kolmogorov(first!, (x) => x)).toBeLessThan(1.95)
    // Neighbours and streams of different seeds are independent.
    expect(Math.abs(mean(first!.subarray(1).map((x, i) => (x - 0.5) * (first![i]! - 0.5))))).toBeLessThan(0.002)
    expect(Math.abs(mean(first!.map((x, i) => (x - 0.5) * (other![i]! - 0.5))))).toBeLessThan(0.002)
  })

  it('draw standard normal numbers', async () => {
    const [first, again] = await drawn(normal)
    expect(again).toEqual(first)
    expect(Math.abs(moment(first!, 1))).toBeLessThan(0.02)
    expect(moment(first!, 2)).toBeCloseTo(1, 1)
    expect(Math.abs(moment(first!, 3))).toBeLessThan(0.1)
    expect(Math.abs(moment(first!, 4) - 3)).toBeLessThan(0.2)
    // Where Φ is 0.8413 and 0.9772, to within four standard errors.
    expect(Math.abs(mean(first!.map((x) => Number(x < 1))) - 0.841345)).toBeLessThan(0.0075)
    expect(Math.abs(mean(first!.map((x) => Number(x < 2))) - 0.97725)).toBeLessThan(0.003)
  })

  it('draw an odd number of normal ones, the two of a pair independent', async () => {
    const graph = builder()
    const [odd] = await runGraph(graph, [normal(graph, graph.ints([3, 5001]), 11n)])
    expect([...odd!.dims]).toEqual([3, 5001])
    const values = odd!.data as Float32Array
    const half = Math.ceil(values.length / 2)
    const pairs = Array.from(values.subarray(half), (y, index) => [values[index]!, y] as const)
    // Four standard errors: of a product of two, and of the product of two squares minus one, which has variance 8.
    expect(Math.abs(mean(pairs.map(([x, y]) => x * y)))).toBeLessThan(4 / Math.sqrt(pairs.length))
    expect(Math.abs(mean(pairs.map(([x, y]) => x * x * y * y)) - 1)).toBeLessThan((4 * Math.sqrt(8)) / Math.sqrt(pairs.length))
  })

  it.each([
    ['uniform', uniform, 0.5, 1 / 12],
    ['normal', normal, 0, 1],
  ] as const)('of which there are many are drawn part by part: %s', async (_name, make, centre, variance) => {
    const many = 400_001
    const given = builder()
    const sizeOf = (size: number[]) => ({ shape: { type: 'int64' as const, data: BigInt64Array.from(size, BigInt), dims: [size.length] } })
    const ofShape = make(given, given.input('shape', 'int64', [2]), 5n)
    const [unknown] = await runGraph(given, [ofShape], sizeOf([many, 1]))
    expect([...unknown!.dims]).toEqual([many, 1])
    const known = builder()
    const [values] = await runGraph(known, [make(known, known.ints([many]), 5n)])
    expect(unknown!.data).toEqual(values!.data)
    const data = values!.data as Float32Array
    expect(data).toHaveLength(many)
    // Four standard errors; the fourth moments are 1/80 and 3.
    expect(Math.abs(mean(data) - centre)).toBeLessThan(4 * Math.sqrt(variance / many))
    const squares = mean(data.map((x) => (x - centre) ** 2))
    expect(Math.abs(squares - variance)).toBeLessThan(4 * Math.sqrt(((make === uniform ? 1 / 80 : 3) - variance ** 2) / many))
    // A part that came twice would make several hundred thousand equal ones; of 24 bits, there are 1 % by chance.
    expect(new Set(data).size).toBeGreaterThan(0.97 * many)
  })

  it.each([uniform, normal])('of which there are none', async (make) => {
    const graph = builder()
    const size = graph.input('shape', 'int64', [2])
    const none = { type: 'int64' as const, data: BigInt64Array.of(0n, 3n), dims: [2] }
    const [values] = await runGraph(graph, [make(graph, size, 5n)], { shape: none })
    expect([...values!.dims]).toEqual([0, 3])
  })

  it('draw anew each time without a seed', async () => {
    const graph = builder()
    const size = graph.ints([1000])
    const [a, b] = await runGraph(graph, [uniform(graph, size, -1n), uniform(graph, size, -1n)])
    expect(a!.data).not.toEqual(b!.data)
    const another = builder()
    const [values] = await runGraph(another, [normal(another, another.ints([count]), -1n)])
    const normals = values!.data as Float32Array
    expect(Math.abs(moment(normals, 1))).toBeLessThan(0.025)
    expect(Math.abs(moment(normals, 2) - 1)).toBeLessThan(0.035)
  })

  it('draw classes by their weights', async () => {
    const graph = builder()
    const weights = graph.constant('float32', [2, 3], [0.5, 1.5, 0, 1, 1, 1])
    const [result] = await runGraph(graph, [categorical(graph, weights, count, 3n)])
    const data = result!.data as Float32Array
    expect([...result!.dims]).toEqual([2, count])
    const share = (row: number, kind: number) => mean(data.subarray(row * count, (row + 1) * count).map((x) => Number(x === kind)))
    expect(share(0, 0)).toBeCloseTo(0.25, 1.5)
    expect(share(0, 1)).toBeCloseTo(0.75, 1.5)
    expect(share(0, 2)).toBe(0)
    for (const kind of [0, 1, 2]) expect(share(1, kind)).toBeCloseTo(1 / 3, 1.5)
  })
})
