import type { BayesianProbitRegressor, Gaussian } from '../../../format/index.ts'
import { type Features, isTensor } from '../../../model/values.ts'
import {
  type ClassicModel,
  type ClassicSpec,
  giveNumbers,
  inputsOf,
  inputValue,
  invalidInput,
  invalidModel,
  numberOf,
  numbersOf,
  outputCalled,
  outputsOf,
} from './features.ts'
import { normalDistribution } from './statistics.ts'

/**
 * Bayesian probit regression over discrete features. The score is the sum of Gaussian weights, one for each feature's value, and a Gaussian
 * bias: means add up, and so do variances (1 / precision). Probabilities are Φ(score / β); the format has no β, so it is 1.
 * A pair (feature, value) without a weight adds nothing. `pessimistic` is Φ at the mean shifted by optimism · standard deviation;
 * `sampled` is Φ of a draw from the score's distribution, its deviation scaled and its tails cut off as the inputs say: the one output that is random.
 */
export function makeBayesianProbitRegressor(spec: ClassicSpec<BayesianProbitRegressor>, random: () => number = Math.random): ClassicModel {
  const p = spec.parameters
  const weights = new Map<number, Map<number, Gaussian>>()
  for (const { featureId, weights: list } of p.features) {
    const values = weights.get(featureId) ?? new Map<number, Gaussian>()
    for (const { featureValue, featureWeight } of list) if (featureWeight) values.set(featureValue, featureWeight)
    weights.set(featureId, values)
  }
  const inputName = p.regressionInputFeatureName || inputsOf(spec)[0]?.name
  if (!inputName) throw invalidModel(spec, 'it names no regression input')
  const named = [
    p.meanOutputFeatureName,
    p.varianceOutputFeatureName,
    p.pessimisticProbabilityOutputFeatureName,
    p.sampledProbabilityOutputFeatureName,
  ]
  const probabilityOutput =
    outputCalled(spec, spec.model.description?.predictedFeatureName) ?? outputsOf(spec).find(({ name }) => !named.includes(name))

  const score = (inputs: Features): { mean: number; variance: number } => {
    const value = inputValue(spec, inputs, inputName)
    const numbers = numbersOf(spec, inputName, value)
    const dims = isTensor(value) ? value.dims : [numbers.length]
    const asPairs = dims.length === 2
    if (asPairs && dims[1] !== 2)
      throw invalidInput(spec, `input '${inputName}' has shape [${dims.join(', ')}]; a matrix needs two columns: feature and value`)
    const terms: (Gaussian | undefined)[] = [p.bias]
    if (asPairs) for (let i = 0; i < numbers.length; i += 2) terms.push(weights.get(numbers[i]!)?.get(numbers[i + 1]!))
    else for (let i = 0; i < numbers.length; i++) terms.push(weights.get(i)?.get(numbers[i]!))
    let mean = 0
    let variance = 0
    for (const term of terms) {
      if (!term) continue
      mean += term.mean
      if (term.precision > 0) variance += 1 / term.precision
    }
    return { mean, variance }
  }
  const optional = (inputs: Features, name: string, otherwise: number): number => {
    const value = name ? inputs[name] : undefined
    return value === undefined ? otherwise : numberOf(spec, name, value)
  }

  return {
    compute(inputs) {
      const { mean, variance } = score(inputs)
      const deviation = Math.sqrt(variance)
      const result: Features = {}
      const give = (name: string | undefined, value: () => number) => {
        const output = outputCalled(spec, name)
        if (output) result[output.name] = giveNumbers(output, [value()])
      }
      give(probabilityOutput?.name, () => normalDistribution(mean))
      give(p.meanOutputFeatureName, () => mean)
      give(p.varianceOutputFeatureName, () => variance)
      give(p.pessimisticProbabilityOutputFeatureName, () =>
        normalDistribution(mean + optional(inputs, p.optimismInputFeatureName, 0) * deviation),
      )
      give(p.sampledProbabilityOutputFeatureName, () => {
        const scale = optional(inputs, p.samplingScaleInputFeatureName, 1)
        const truncation = optional(inputs, p.samplingTruncationInputFeatureName, Number.POSITIVE_INFINITY)
        return normalDistribution(mean + scale * deviation * truncatedNormal(truncation, random))
      })
      return result
    },
  }
}

/** A draw from the standard normal distribution within ±bound, by inverting Φ. */
function truncatedNormal(bound: number, random: () => number): number {
  const limit = Math.min(Math.abs(bound), 40)
  const lowest = normalDistribution(-limit)
  const wanted = lowest + random() * (1 - 2 * lowest)
  let low = -limit
  let high = limit
  for (let i = 0; i < 100 && high - low > 1e-15; i++) {
    const middle = (low + high) / 2
    if (normalDistribution(middle) < wanted) low = middle
    else high = middle
  }
  return (low + high) / 2
}
