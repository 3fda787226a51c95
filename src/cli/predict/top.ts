import type { ModelDescription } from '../../model/description.ts'
import type { Features } from '../../model/values.ts'

/** One label and its probability. */
export interface Ranked {
  label: string
  probability: number
}

/** NaN comes last: compared with it, the others would stay out of order. */
function rank({ probability }: Ranked): number {
  return Number.isNaN(probability) ? Number.NEGATIVE_INFINITY : probability
}

/** The likeliest labels of a classifier's outputs, best first; undefined where the outputs hold no probabilities. */
export function topLabels(description: ModelDescription, outputs: Features, count = 5): Ranked[] | undefined {
  if (description.predictedFeatureName === undefined) return undefined
  const named = description.predictedProbabilitiesName === undefined ? undefined : outputs[description.predictedProbabilitiesName]
  const probabilities = named instanceof Map ? named : Object.values(outputs).find((value) => value instanceof Map)
  if (!(probabilities instanceof Map)) return undefined
  return Array.from(probabilities, ([label, probability]) => ({ label: String(label), probability }))
    .sort((a, b) => rank(b) - rank(a))
    .slice(0, count)
}
