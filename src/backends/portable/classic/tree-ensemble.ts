import { type TreeEnsembleClassifier, type TreeEnsembleRegressor, TreeEnsembleTransform } from '../../../format/index.ts'
import type { Features } from '../../../model/values.ts'
import { type ClassicModel, type ClassicSpec, giveNumbers, invalidModel, soleOutput } from './features.ts'
import { labelsOf, makeClassification } from './labels.ts'
import { argmax, logistic, softmax } from './statistics.ts'
import { layOutTrees } from './trees/ensemble.ts'
import { TreeEvaluation } from './trees/evaluate.ts'
import { makeVectorizer } from './vectorize.ts'

/** Sums of an ensemble's trees, one array a prediction. */
function makeSums(spec: ClassicSpec<TreeEnsembleRegressor | TreeEnsembleClassifier>) {
  const { treeEnsemble } = spec.parameters
  if (!treeEnsemble) throw invalidModel(spec, 'it has no tree ensemble')
  const dimensions = treeEnsemble.numPredictionDimensions
  const ensemble = layOutTrees(treeEnsemble.nodes, dimensions, treeEnsemble.basePredictionValue, spec.label)
  const vectorizer = makeVectorizer(spec, ensemble.featureCount)
  const evaluation = new TreeEvaluation(ensemble)
  const batch = (inputs: readonly Features[]): Float64Array[] => {
    const { rows, stride } = vectorizer.rows(inputs)
    const sums = evaluation.run(rows, stride, inputs.length)
    return inputs.map((_, index) => sums.subarray(index * dimensions, (index + 1) * dimensions))
  }
  return { dimensions, batch, dispose: () => evaluation.dispose() }
}

/** A model that computes sums of trees and then one thing from each. */
function makeModel({ batch, dispose }: ReturnType<typeof makeSums>, finish: (sums: Float64Array) => Features): ClassicModel {
  return {
    compute: (inputs) => finish(batch([inputs])[0]!),
    computeBatch: (inputs) => batch(inputs).map(finish),
    dispose,
  }
}

/** Softmax over the scores and a first class whose score is always 0. */
const softmaxWithZeroClass = (scores: ArrayLike<number>): number[] => softmax([0, ...Array.from(scores)])

/** Tree ensemble regression with one or more prediction dimensions. */
export function makeTreeEnsembleRegressor(spec: ClassicSpec<TreeEnsembleRegressor>): ClassicModel {
  const sums = makeSums(spec)
  const output = soleOutput(spec)
  const transform = spec.parameters.postEvaluationTransform
  const finish = {
    [TreeEnsembleTransform.NoTransform]: (values: Float64Array): ArrayLike<number> => values,
    [TreeEnsembleTransform.Classification_SoftMax]: softmax,
    [TreeEnsembleTransform.Regression_Logistic]: (values: Float64Array) => values.map(logistic),
    [TreeEnsembleTransform.Classification_SoftMaxWithZeroClassReference]: softmaxWithZeroClass,
  }[transform]
  if (!finish) throw invalidModel(spec, `unknown post-evaluation transform ${transform}`)
  return makeModel(sums, (values) => ({ [output.name]: giveNumbers(output, finish(values)) }))
}

/** Softmax over the scores, of which the first is taken for 0. */
const softmaxAgainstFirst = (scores: ArrayLike<number>): number[] => softmaxWithZeroClass(Array.from(scores).slice(1))

/**
 * Tree ensemble classification. One dimension stands for two classes: the value is the probability of the second one, which wins with more than ½.
 * Otherwise there is one dimension a class. With the reference transform the first class has score 0: either it has no dimension, or, as Apple's
 * validator asks of three classes and more, it has one, whose value then counts for nothing (the format does not say; where it is 0 every
 * reading is the same). The label is the class with the highest value after the transform.
 */
export function makeTreeEnsembleClassifier(spec: ClassicSpec<TreeEnsembleClassifier>): ClassicModel {
  const sums = makeSums(spec)
  const { dimensions } = sums
  const transform = spec.parameters.postEvaluationTransform
  const zeroClass = transform === TreeEnsembleTransform.Classification_SoftMaxWithZeroClassReference
  const binary = dimensions === 1 && !zeroClass
  const stated = labelsOf(spec.parameters.classLabels)
  const zeroHasDimension = zeroClass && dimensions > 1 && stated?.length === dimensions
  const classes = binary || (zeroClass && !zeroHasDimension) ? dimensions + 1 : dimensions
  const labels = stated ?? Array.from({ length: classes }, (_, index) => index)
  if (labels.length !== classes)
    throw invalidModel(spec, `${dimensions} prediction dimensions belong to ${classes} classes; it has ${labels.length} labels`)
  const scores = {
    [TreeEnsembleTransform.NoTransform]: (values: ArrayLike<number>): ArrayLike<number> => values,
    [TreeEnsembleTransform.Classification_SoftMax]: softmax,
    [TreeEnsembleTransform.Regression_Logistic]: (values: ArrayLike<number>) => Array.from(values, logistic),
    [TreeEnsembleTransform.Classification_SoftMaxWithZeroClassReference]: zeroHasDimension ? softmaxAgainstFirst : softmaxWithZeroClass,
  }[transform]
  if (!scores) throw invalidModel(spec, `unknown post-evaluation transform ${transform}`)
  const classify = makeClassification(spec)
  return makeModel(sums, (values) => {
    const found = scores(values)
    if (!binary) return classify(labels[argmax(found)]!, labels, found)
    const second = found[0]!
    return classify(labels[second > 0.5 ? 1 : 0]!, labels, [1 - second, second])
  })
}
