import { setImmediate } from 'node:timers/promises'
import { CoreMLError } from '../../../errors.ts'
import type { Model } from '../../../format/index.ts'
import { throwIfAborted } from '../../../model/abort.ts'
import { placedInBatch } from '../../../model/batch-element.ts'
import { type Features, ownCopies } from '../../../model/values.ts'
import type { EvaluateOptions, Evaluator } from '../evaluator.ts'
import { makeArrayFeatureExtractor } from './array-feature-extractor.ts'
import { makeBayesianProbitRegressor } from './bayesian-probit.ts'
import { makeCategoricalMapping } from './categorical-mapping.ts'
import { makeClassConfidenceThresholding } from './class-confidence-thresholding.ts'
import { makeDictVectorizer } from './dict-vectorizer.ts'
import { makeFeatureVectorizer } from './feature-vectorizer.ts'
import type { ClassicModel, ClassicSpec } from './features.ts'
import { makeIdentity } from './identity.ts'
import { makeImputer } from './imputer.ts'
import { makeItemSimilarityRecommender } from './item-similarity-recommender.ts'
import { makeGLMClassifier, makeGLMRegressor } from './linear.ts'
import { makeKNearestNeighborsClassifier } from './neighbors/classifier.ts'
import { makeNonMaximumSuppression } from './non-maximum-suppression.ts'
import { makeNormalizer } from './normalizer.ts'
import { makeOneHotEncoder } from './one-hot-encoder.ts'
import { makeScaler } from './scaler.ts'
import { makeSupportVectorClassifier } from './svm/classifier.ts'
import { makeSupportVectorRegressor } from './svm/regressor.ts'
import { makeTreeEnsembleClassifier, makeTreeEnsembleRegressor } from './tree-ensemble.ts'

type ModelType = NonNullable<Model['type']['case']>
type ParametersOf<Case extends ModelType> = Extract<Model['type'], { case: Case }>['value']

/** How each classic model type is made. */
export const classicModels = {
  glmRegressor: makeGLMRegressor,
  glmClassifier: makeGLMClassifier,
  supportVectorRegressor: makeSupportVectorRegressor,
  supportVectorClassifier: makeSupportVectorClassifier,
  treeEnsembleRegressor: makeTreeEnsembleRegressor,
  treeEnsembleClassifier: makeTreeEnsembleClassifier,
  kNearestNeighborsClassifier: makeKNearestNeighborsClassifier,
  bayesianProbitRegressor: (spec) => makeBayesianProbitRegressor(spec),
  itemSimilarityRecommender: makeItemSimilarityRecommender,
  oneHotEncoder: makeOneHotEncoder,
  imputer: makeImputer,
  featureVectorizer: makeFeatureVectorizer,
  dictVectorizer: makeDictVectorizer,
  scaler: makeScaler,
  categoricalMapping: makeCategoricalMapping,
  normalizer: makeNormalizer,
  arrayFeatureExtractor: makeArrayFeatureExtractor,
  nonMaximumSuppression: makeNonMaximumSuppression,
  classConfidenceThresholding: makeClassConfidenceThresholding,
  identity: makeIdentity,
} satisfies { [Case in ModelType]?: (spec: ClassicSpec<ParametersOf<Case>>) => ClassicModel }

/** True for a model type that {@link makeClassicEvaluator} makes. */
export function isClassic(type: string | undefined): type is keyof typeof classicModels {
  return type !== undefined && Object.hasOwn(classicModels, type)
}

/**
 * The evaluator of a classic model.
 *
 * @param label how messages name the model
 * @throws CoreMLError ERR_MODEL_INVALID where the spec contradicts itself
 */
export function makeClassicEvaluator(model: Model, label: string): Evaluator {
  const { type } = model
  if (!isClassic(type.case)) throw new CoreMLError('ERR_INTERNAL', `${label}: ${type.case} is no classic model type`)
  // The table's key and the parameters come from the same oneof, which TypeScript cannot follow.
  const make = classicModels[type.case] as (spec: ClassicSpec<unknown>) => ClassicModel
  return new ClassicEvaluator(make({ model, parameters: type.value, label }))
}

/** Longest time that a batch keeps the event loop, milliseconds. */
const slice = 10

class ClassicEvaluator implements Evaluator {
  readonly #model: ClassicModel

  constructor(model: ClassicModel) {
    this.#model = model
  }

  async run(inputs: Features, { timing }: EvaluateOptions): Promise<Features> {
    if (!timing) return this.#model.compute(inputs)
    const start = process.hrtime.bigint()
    const outputs = this.#model.compute(inputs)
    timing.nanoseconds += Number(process.hrtime.bigint() - start)
    return outputs
  }

  async runBatch(inputs: readonly Features[], { signal, timing }: EvaluateOptions): Promise<Features[]> {
    const { computeBatch } = this.#model
    const compute = computeBatch
      ? computeBatch.bind(this.#model)
      : (batch: readonly Features[]) => batch.map((one) => this.#model.compute(one))
    const results: Features[] = []
    let own: Features[] | undefined
    for (let count = computeBatch ? 32 : 4; results.length < inputs.length; ) {
      const start = performance.now()
      const some = (own ?? inputs).slice(results.length, results.length + count)
      try {
        results.push(...compute(some))
      } catch (error) {
        throw placedInBatch(error, results.length + this.#firstFailing(some), inputs.length)
      }
      const elapsed = performance.now() - start
      if (timing) timing.nanoseconds += elapsed * 1e6
      count = Math.min(4096, Math.max(computeBatch ? 32 : 1, Math.round((count * slice) / Math.max(elapsed, slice / 8))))
      if (results.length < inputs.length && elapsed > slice / 4) {
        own ??= inputs.map((one, index) => (index < results.length ? one : ownCopies(one)))
        await setImmediate()
        throwIfAborted(signal)
      }
    }
    return results
  }

  /** The first of inputs that fail together which fails alone. */
  #firstFailing(inputs: readonly Features[]): number {
    return inputs.findIndex((one) => {
      try {
        this.#model.compute(one)
        return false
      } catch {
        return true
      }
    })
  }

  async dispose(): Promise<void> {
    this.#model.dispose?.()
  }
}
