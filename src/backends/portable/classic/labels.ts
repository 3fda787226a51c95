import type { Int64Vector, StringVector } from '../../../format/index.ts'
import type { Features } from '../../../model/values.ts'
import { probabilitiesOf } from '../probabilities.ts'
import { type ClassicSpec, integer, outputsOf } from './features.ts'

export type Label = string | number | bigint

/** The label list of a classifier's spec, as it is a oneof there. */
export type SpecLabels =
  | { case: 'stringClassLabels'; value: StringVector }
  | { case: 'int64ClassLabels'; value: Int64Vector }
  | { case: undefined; value?: undefined }

/** Class labels as the library gives them; undefined where the spec has none. */
export function labelsOf(labels: SpecLabels): Label[] | undefined {
  if (labels.case === 'stringClassLabels') return labels.value.vector
  if (labels.case === 'int64ClassLabels') return labels.value.vector.map(integer)
  return undefined
}

/** Puts a classifier's result into its outputs: the label, and the probabilities where the model declares them. */
export function makeClassification(spec: ClassicSpec): (label: Label, labels: readonly Label[], scores: ArrayLike<number>) => Features {
  const description = spec.model.description
  const outputs = outputsOf(spec)
  const labelName = description?.predictedFeatureName || outputs[0]?.name || 'classLabel'
  const probabilitiesName = description?.predictedProbabilitiesName
  return (label, labels, scores) => {
    const result: Features = { [labelName]: label }
    if (probabilitiesName) result[probabilitiesName] = probabilitiesOf(labels, scores)
    return result
  }
}
