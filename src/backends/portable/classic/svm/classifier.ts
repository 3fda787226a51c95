import type { SupportVectorClassifier } from '../../../../format/index.ts'
import { type ClassicModel, type ClassicSpec, invalidModel } from '../features.ts'
import { labelsOf, makeClassification } from '../labels.ts'
import { argmax, logistic } from '../statistics.ts'
import { makeVectorizer } from '../vectorize.ts'
import { coupleProbabilities } from './coupling.ts'
import { makeKernelMachine } from './kernel.ts'

/** LIBSVM keeps the probability of a pair this far from 0 and 1. */
const leastProbability = 1e-7

/** As LIBSVM does: NaN, the decision of a machine that did not learn, becomes the least. */
const keepPossible = (probability: number) =>
  probability > leastProbability ? Math.min(probability, 1 - leastProbability) : leastProbability

/**
 * Support vector classification: a decision for each pair of classes. Where the model has pair probabilities (probA, probB), they are coupled to class
 * probabilities and the most probable class is the label; else each pair gives a vote, and of the classes with the most votes the first is the label.
 */
export function makeSupportVectorClassifier(spec: ClassicSpec<SupportVectorClassifier>): ClassicModel {
  const { kernel, supportVectors, coefficients, numberOfSupportVectorsPerClass, rho, probA, probB } = spec.parameters
  const machine = makeKernelMachine(spec, kernel, supportVectors)
  const labels = labelsOf(spec.parameters.classLabels)
  if (!labels) throw invalidModel(spec, 'it has no class labels')
  const k = labels.length
  const pairs = (k * (k - 1)) / 2
  const check = (name: string, length: number, expected: number) => {
    if (length !== expected) throw invalidModel(spec, `${name} has ${length} entries; ${k} classes need ${expected}`)
  }
  check('numberOfSupportVectorsPerClass', numberOfSupportVectorsPerClass.length, k)
  check('coefficients', coefficients.length, k - 1)
  check('rho', rho.length, pairs)
  const hasProbabilities = probA.length > 0 || probB.length > 0
  if (hasProbabilities) {
    check('probA', probA.length, pairs)
    check('probB', probB.length, pairs)
  }
  const starts = [0]
  for (const count of numberOfSupportVectorsPerClass) starts.push(starts.at(-1)! + count)
  if (starts[k] !== machine.count)
    throw invalidModel(spec, `its classes have ${starts[k]} support vectors together, but there are ${machine.count}`)
  const alpha = coefficients.map(({ vector }) => {
    if (vector.length !== machine.count)
      throw invalidModel(spec, `${machine.count} support vectors, but a row of ${vector.length} coefficients`)
    return Float64Array.from(vector)
  })
  const vectorizer = makeVectorizer(spec, machine.width)
  const classify = makeClassification(spec)
  const values = new Float64Array(machine.count)

  /** Calls `each` with every pair i < j, its number and its decision value: positive for i. */
  const decide = (each: (i: number, j: number, pair: number, decision: number) => void) => {
    for (let i = 0, pair = 0; i < k; i++) {
      for (let j = i + 1; j < k; j++, pair++) {
        let sum = 0
        for (let v = starts[i]!; v < starts[i + 1]!; v++) sum += alpha[j - 1]![v]! * values[v]!
        for (let v = starts[j]!; v < starts[j + 1]!; v++) sum += alpha[i]![v]! * values[v]!
        each(i, j, pair, sum - rho[pair]!)
      }
    }
  }

  const probabilities = (): ArrayLike<number> => {
    const r = new Float64Array(k * k)
    decide((i, j, pair, decision) => {
      const probability = keepPossible(logistic(-(decision * probA[pair]! + probB[pair]!)))
      r[i * k + j] = probability
      r[j * k + i] = 1 - probability
    })
    return k === 2 ? [r[1]!, r[2]!] : coupleProbabilities(r, k)
  }

  const votes = (): ArrayLike<number> => {
    const counts = new Float64Array(k)
    decide((i, j, _, decision) => {
      counts[decision > 0 ? i : j]! += 1
    })
    return counts
  }

  return {
    compute(inputs) {
      machine.evaluate(vectorizer.rows([inputs]).rows, values)
      const scores = hasProbabilities ? probabilities() : votes()
      return classify(labels[argmax(scores)]!, labels, hasProbabilities ? scores : Array.from(scores, (count) => count / pairs))
    },
  }
}
