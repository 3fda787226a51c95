import type { SupportVectorRegressor } from '../../../../format/index.ts'
import { type ClassicModel, type ClassicSpec, giveNumbers, invalidModel, soleOutput } from '../features.ts'
import { makeVectorizer } from '../vectorize.ts'
import { makeKernelMachine } from './kernel.ts'

/** Support vector regression: Σ α K(vector, x) − ρ. */
export function makeSupportVectorRegressor(spec: ClassicSpec<SupportVectorRegressor>): ClassicModel {
  const { kernel, supportVectors, coefficients, rho } = spec.parameters
  const machine = makeKernelMachine(spec, kernel, supportVectors)
  const alpha = Float64Array.from(coefficients?.vector ?? [])
  if (alpha.length !== machine.count) throw invalidModel(spec, `${machine.count} support vectors, but ${alpha.length} coefficients`)
  const vectorizer = makeVectorizer(spec, machine.width)
  const output = soleOutput(spec)
  const values = new Float64Array(machine.count)
  return {
    compute(inputs) {
      machine.evaluate(vectorizer.rows([inputs]).rows, values)
      let sum = 0
      for (let v = 0; v < values.length; v++) sum += alpha[v]! * values[v]!
      return { [output.name]: giveNumbers(output, [sum - rho]) }
    },
  }
}
