import type { Model, NeuralNetwork } from '../../../format/index.ts'

/** The network of a model that is one. */
export function networkOf({ type }: Model): NeuralNetwork | undefined {
  const isNetwork = type.case === 'neuralNetwork' || type.case === 'neuralNetworkClassifier' || type.case === 'neuralNetworkRegressor'
  return isNetwork ? type.value : undefined
}
