import type { DenseSupportVectors, Kernel, SparseSupportVectors } from '../../../../format/index.ts'
import { type ClassicSpec, invalidModel } from '../features.ts'

/** Support vectors as the spec has them: a oneof. */
export type SpecVectors =
  | { case: 'sparseSupportVectors'; value: SparseSupportVectors }
  | { case: 'denseSupportVectors'; value: DenseSupportVectors }
  | { case: undefined; value?: undefined }

/** Support vectors with their kernel. */
export interface KernelMachine {
  /** Support vectors. */
  readonly count: number
  /** Features that the support vectors reach to. */
  readonly width: number
  /** Writes K(vector, x) for each support vector. */
  evaluate(x: Float64Array, into: Float64Array): void
}

/** A kernel is a function of the dot product xᵀv, or of the squared distance ‖x − v‖². */
interface KernelFunction {
  ofDistance: boolean
  value(sum: number): number
}

function kernelFunction(spec: ClassicSpec, kernel: Kernel['kernel'] | undefined): KernelFunction {
  switch (kernel?.case) {
    case 'linearKernel':
      return { ofDistance: false, value: (product) => product }
    case 'polyKernel': {
      const { gamma, c, degree } = kernel.value
      return { ofDistance: false, value: (product) => (gamma * product + c) ** degree }
    }
    case 'sigmoidKernel': {
      const { gamma, c } = kernel.value
      return { ofDistance: false, value: (product) => Math.tanh(gamma * product + c) }
    }
    case 'rbfKernel': {
      const { gamma } = kernel.value
      return { ofDistance: true, value: (distance) => Math.exp(-gamma * distance) }
    }
    default:
      throw invalidModel(spec, 'it has no kernel')
  }
}

export function makeKernelMachine(spec: ClassicSpec, kernel: Kernel | undefined, vectors: SpecVectors): KernelMachine {
  const of = kernelFunction(spec, kernel?.kernel)
  if (vectors.case === 'denseSupportVectors') return dense(spec, vectors.value, of)
  if (vectors.case === 'sparseSupportVectors') return sparse(spec, vectors.value, of)
  throw invalidModel(spec, 'it has no support vectors')
}

function dense(spec: ClassicSpec, { vectors }: DenseSupportVectors, of: KernelFunction): KernelMachine {
  const width = vectors[0]?.vector.length ?? 0
  if (vectors.some(({ vector }) => vector.length !== width)) throw invalidModel(spec, 'its dense support vectors differ in length')
  const all = new Float64Array(width * vectors.length)
  vectors.forEach(({ vector }, index) => {
    all.set(vector, index * width)
  })
  return {
    count: vectors.length,
    width,
    evaluate(x, into) {
      for (let v = 0, at = 0; v < vectors.length; v++, at += width) {
        let sum = 0
        if (of.ofDistance) for (let i = 0; i < width; i++) sum += (all[at + i]! - x[i]!) ** 2
        else for (let i = 0; i < width; i++) sum += all[at + i]! * x[i]!
        into[v] = of.value(sum)
      }
    },
  }
}

function sparse(spec: ClassicSpec, { vectors }: SparseSupportVectors, of: KernelFunction): KernelMachine {
  const start = new Int32Array(vectors.length + 1)
  const indices: number[] = []
  const values: number[] = []
  let width = 0
  vectors.forEach(({ nodes }, v) => {
    for (const { index, value } of nodes) {
      if (index < 1 || (indices.length > start[v]! && index <= indices.at(-1)! + 1))
        throw invalidModel(spec, `support vector ${v} has index ${index} out of order; indices count from 1 and grow`)
      indices.push(index - 1)
      values.push(value)
      width = Math.max(width, index)
    }
    start[v + 1] = indices.length
  })
  return {
    count: vectors.length,
    width,
    evaluate(x, into) {
      for (let v = 0; v < vectors.length; v++) {
        let sum = 0
        let next = 0
        for (let n = start[v]!; n < start[v + 1]!; n++) {
          const index = indices[n]!
          if (of.ofDistance) for (; next < index; next++) sum += x[next]! ** 2 // the vector is 0 here
          sum += of.ofDistance ? (x[index]! - values[n]!) ** 2 : x[index]! * values[n]!
          next = index + 1
        }
        if (of.ofDistance) for (; next < x.length; next++) sum += x[next]! ** 2
        into[v] = of.value(sum)
      }
    },
  }
}
