import {
  GLMClassEncoding,
  type GLMClassifier,
  GLMClassifierTransform,
  type GLMRegressor,
  GLMRegressorTransform,
} from '../../../format/index.ts'
import type { Features } from '../../../model/values.ts'
import { type ClassicModel, type ClassicSpec, giveNumbers, invalidModel, soleOutput } from './features.ts'
import { labelsOf, makeClassification } from './labels.ts'
import { argmax, logistic, normalDistribution, softmax } from './statistics.ts'
import { makeVectorizer } from './vectorize.ts'

/** weights · x + offset, one number a row of weights. */
function makeLinear(spec: ClassicSpec<GLMRegressor | GLMClassifier>): (inputs: Features) => number[] {
  const { weights, offset } = spec.parameters
  const width = weights[0]?.vector.length ?? 0
  if (weights.length === 0 || width === 0) throw invalidModel(spec, 'it has no weights')
  if (offset.length !== weights.length) throw invalidModel(spec, `${weights.length} rows of weights, but ${offset.length} offsets`)
  if (weights.some(({ vector }) => vector.length !== width)) throw invalidModel(spec, 'its rows of weights differ in length')
  const vectorizer = makeVectorizer(spec, width)
  const rows = weights.map(({ vector }) => Float64Array.from(vector))
  return (inputs) => {
    const { rows: x } = vectorizer.rows([inputs])
    return rows.map((row, index) => {
      let sum = offset[index]!
      for (let i = 0; i < width; i++) sum += row[i]! * x[i]!
      return sum
    })
  }
}

/** Generalised linear regression; one value a row of weights. */
export function makeGLMRegressor(spec: ClassicSpec<GLMRegressor>): ClassicModel {
  const linear = makeLinear(spec)
  const output = soleOutput(spec)
  const transform = spec.parameters.postEvaluationTransform
  const link = {
    [GLMRegressorTransform.NoTransform]: (x: number) => x,
    [GLMRegressorTransform.Logit]: logistic,
    [GLMRegressorTransform.Probit]: normalDistribution,
  }[transform]
  if (!link) throw invalidModel(spec, `unknown post-evaluation transform ${transform}`)
  return { compute: (inputs) => ({ [output.name]: giveNumbers(output, linear(inputs).map(link)) }) }
}

/**
 * Generalised linear classification. With a reference class, the first class has score 0 and the others one row of weights each: a softmax
 * (logit) or, with two classes, Φ. One versus rest: each class has its own logistic score, and the scores are made to add up to 1; two classes share one row.
 */
export function makeGLMClassifier(spec: ClassicSpec<GLMClassifier>): ClassicModel {
  const { weights, postEvaluationTransform, classEncoding } = spec.parameters
  const linear = makeLinear(spec)
  const oneVersusRest = classEncoding === GLMClassEncoding.OneVsRest
  if (oneVersusRest && weights.length === 2) throw invalidModel(spec, 'two classes share one row of weights; it has 2')
  const expected = oneVersusRest && weights.length > 1 ? weights.length : weights.length + 1
  const labels = labelsOf(spec.parameters.classLabels) ?? Array.from({ length: expected }, (_, index) => index)
  if (labels.length !== expected)
    throw invalidModel(spec, `${weights.length} rows of weights belong to ${expected} classes; it has ${labels.length} labels`)
  const probit = postEvaluationTransform === GLMClassifierTransform.Probit
  if (!probit && postEvaluationTransform !== GLMClassifierTransform.Logit)
    throw invalidModel(spec, `unknown post-evaluation transform ${postEvaluationTransform}`)
  if (probit && labels.length !== 2) throw invalidModel(spec, `probit is for two classes; it has ${labels.length}`)
  const classify = makeClassification(spec)

  const evaluate = (scores: number[]): { best: number; probabilities: number[] } => {
    if (labels.length === 2) {
      const score = scores[0]!
      const link = probit ? normalDistribution : logistic
      return { best: score > 0 ? 1 : 0, probabilities: [link(-score), link(score)] }
    }
    if (!oneVersusRest) {
      const all = [0, ...scores]
      return { best: argmax(all), probabilities: softmax(all) }
    }
    const each = scores.map(logistic)
    const sum = each.reduce((total, value) => total + value, 0)
    return { best: argmax(scores), probabilities: each.map((value) => (sum === 0 ? 1 / each.length : value / sum)) }
  }
  return {
    compute(inputs) {
      const { best, probabilities } = evaluate(linear(inputs))
      return classify(labels[best]!, labels, probabilities)
    },
  }
}
