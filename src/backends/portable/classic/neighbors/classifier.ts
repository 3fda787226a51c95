import type { CoreMLError } from '../../../../errors.ts'
import type { KNearestNeighborsClassifier } from '../../../../format/index.ts'
import type { Features } from '../../../../model/values.ts'
import { type ClassicModel, type ClassicSpec, inputsOf, integer, invalidInput, invalidModel, numbersOf } from '../features.ts'
import { type Label, labelsOf, makeClassification } from '../labels.ts'
import { makeVectorizer } from '../vectorize.ts'
import { kdTreeSearch, linearSearch, type NeighborSearch, type Samples } from './search.ts'

/**
 * k-nearest-neighbours classification by squared Euclidean distance. Every neighbour votes for its label, with weight 1 or with 1 / distance; a
 * sample at distance 0 outweighs all others. Of labels with equal votes the one with the nearest neighbour wins. Without samples, the default label is given.
 */
export function makeKNearestNeighborsClassifier(spec: ClassicSpec<KNearestNeighborsClassifier>): ClassicModel {
  const { nearestNeighborsIndex: index, numberOfNeighbors, defaultClassLabel, weightingScheme } = spec.parameters
  if (!index) throw invalidModel(spec, 'it has no nearest neighbours index')
  const dimensions = index.numberOfDimensions
  const labels = labelsOf(spec.parameters.classLabels) ?? []
  const count = index.floatSamples.length
  if (labels.length !== count) throw invalidModel(spec, `it has ${count} samples, but ${labels.length} labels`)
  const values = new Float32Array(count * dimensions)
  index.floatSamples.forEach(({ vector }, sample) => {
    if (vector.length !== dimensions)
      throw invalidModel(spec, `sample ${sample} has ${vector.length} values; the index has ${dimensions} dimensions`)
    values.set(vector, sample * dimensions)
  })
  const search = makeSearch(spec, { values, dimensions, count })
  const neighbors = Number(numberOfNeighbors?.defaultValue ?? 0n)
  if (neighbors < 1) throw invalidModel(spec, `its number of neighbours is ${neighbors}`)
  const fallback: Label | undefined =
    defaultClassLabel.case === 'defaultInt64Label' ? integer(defaultClassLabel.value) : defaultClassLabel.value
  if (count === 0 && fallback === undefined) throw invalidModel(spec, 'it has neither samples nor a default label')
  const inverse = weightingScheme.case === 'inverseDistanceWeighting'
  const vectorizer = makeVectorizer(spec, dimensions)
  const classify = makeClassification(spec)
  // A label for each sample stands in the spec; each class is given once, in order of appearance.
  const classes = [...new Set(labels)]
  const classOf = new Map(classes.map((label, position) => [label, position]))
  const classOfSample = Int32Array.from(labels, (label) => classOf.get(label)!)

  return {
    compute(inputs) {
      const { rows } = vectorizer.rows([inputs])
      if (count === 0) return classify(fallback!, [fallback!], [1])
      const found = search(rows, Math.min(neighbors, count))
      if (!Number.isFinite(found.distances[0])) throw noDistance(spec, inputs)
      const exact = inverse && found.distances[0] === 0
      const votes = new Float64Array(classes.length)
      let best = -1
      found.indices.forEach((sample, rank) => {
        const distance = found.distances[rank]!
        votes[classOfSample[sample]!]! += !inverse ? 1 : exact ? Number(distance === 0) : 1 / distance
      })
      for (const sample of found.indices) {
        const position = classOfSample[sample]!
        if (best < 0 || votes[position]! > votes[best]!) best = position
      }
      const total = votes.reduce((sum, vote) => sum + vote, 0)
      return classify(
        classes[best]!,
        classes,
        votes.map((vote) => vote / total),
      )
    },
  }
}

/** The error for inputs that are at no distance from any sample; it names the input that is not finite. */
function noDistance(spec: ClassicSpec, inputs: Features): CoreMLError {
  const isOdd = (value: number) => !Number.isFinite(value)
  const odd = inputsOf(spec).find(({ name }) => {
    const value = inputs[name]
    return value !== undefined && Array.from(numbersOf(spec, name, value)).some(isOdd)
  })
  return invalidInput(spec, `${odd ? `input '${odd.name}' is not finite` : 'its inputs are too large'}: no sample is at a finite distance`)
}

function makeSearch(spec: ClassicSpec<KNearestNeighborsClassifier>, samples: Samples): NeighborSearch {
  const { indexType, distanceFunction } = spec.parameters.nearestNeighborsIndex!
  if (distanceFunction.case !== 'squaredEuclideanDistance')
    throw invalidModel(spec, 'its distance function is not the squared Euclidean distance')
  if (indexType.case === 'singleKdTreeIndex') return kdTreeSearch(samples, indexType.value.leafSize)
  if (indexType.case === 'linearIndex') return linearSearch(samples)
  throw invalidModel(spec, 'its index is neither linear nor a kd-tree')
}
