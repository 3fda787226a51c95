import {
  type DoubleParameter,
  type Int64Parameter,
  type MeanImage,
  type Message,
  type NetworkUpdateParameters,
  type NeuralNetwork,
  type NeuralNetworkLayer,
  NeuralNetworkSchema,
  type WeightParams,
  walk,
} from '../format/index.ts'
import type { UpdateParameter, UpdateSummary, WeightSummary } from './summary.ts'
import { countIn, sorted, WeightTally } from './tally.ts'

function isLayer(message: Message): message is NeuralNetworkLayer {
  return message.$typeName === 'coreml.spec.NeuralNetworkLayer'
}

/** Layers of a network and of the networks inside it by kind. */
export function networkLayers(network: NeuralNetwork): Record<string, number> {
  const counts = new Map<string, number>()
  walk(NeuralNetworkSchema, network, (message) => {
    if (isLayer(message)) countIn(counts, message.layer.case ?? 'unknown')
    return undefined
  })
  return sorted(counts)
}

function addWeights(tally: WeightTally, weights: WeightParams): void {
  const bits = weights.quantization?.numberOfBits ?? 8
  const stored = [
    [weights.floatValue, 'fp32', 32],
    [weights.float16Value, 'fp16', 16],
    [weights.rawValue, `uint${bits}`, bits],
    [weights.int8RawValue, 'int8', 8],
  ] as const
  for (const [payload, type, width] of stored) {
    if (!payload?.length) continue
    // Of narrow integers the last byte may hold fewer than fit.
    const values = Math.floor((payload.length * 8) / Math.max(width, 1))
    tally.stored(type, values, payload.length)
    tally.parameters(values)
    if (payload !== weights.rawValue && payload !== weights.int8RawValue) continue
    const isTable = weights.quantization?.quantizationType.case === 'lookupTableQuantization'
    tally.compressed(`${isTable ? 'lookup table' : 'linear'} ${width}-bit`, values, payload.length)
  }
}

/** Sums up the weights of a network and of the networks inside it. */
export function networkWeights(network: NeuralNetwork): WeightSummary {
  const tally = new WeightTally()
  walk(NeuralNetworkSchema, network, (message) => {
    if (message.$typeName === 'coreml.spec.WeightParams') addWeights(tally, message as WeightParams)
    if (message.$typeName === 'coreml.spec.MeanImage') {
      const length = (message as MeanImage).meanImage?.length ?? 0
      tally.stored('fp32', length / 4, length)
    }
    return undefined
  })
  return tally.summary()
}

/** A parameter of training with what an app may set it to. */
export function updateParameter(name: string, parameter: Int64Parameter | DoubleParameter | undefined): UpdateParameter[] {
  if (parameter === undefined) return []
  const { allowedValues } = parameter
  return [
    {
      name,
      default: Number(parameter.defaultValue),
      ...(allowedValues.case === 'range' && {
        range: [Number(allowedValues.value.minValue), Number(allowedValues.value.maxValue)] as [number, number],
      }),
      ...(allowedValues.case === 'set' && { allowed: allowedValues.value.values.map(Number) }),
    },
  ]
}

/** What training on the device can change in a network. */
export function networkUpdate(network: NeuralNetwork): UpdateSummary {
  const update: NetworkUpdateParameters | undefined = network.updateParams
  const losses = (update?.lossLayers ?? []).map(({ name, lossLayerType: { case: kind, value } }) => ({
    kind: (kind ?? 'unknown').replace(/LossLayer$/, ''),
    name,
    input: value?.input ?? '',
    target: value?.target ?? '',
  }))
  const optimizer = update?.optimizer?.optimizerType
  const parameters = Object.entries(optimizer?.value ?? {}).flatMap(([name, value]) =>
    typeof value === 'object' && !Array.isArray(value) ? updateParameter(name, value) : [],
  )
  parameters.push(...updateParameter('epochs', update?.epochs), ...updateParameter('seed', update?.seed))
  if (update?.shuffle) parameters.push({ name: 'shuffle', default: update.shuffle.defaultValue })
  return {
    layers: network.layers.filter(({ isUpdatable }) => isUpdatable).map(({ name }) => name),
    losses,
    ...(optimizer?.case && { optimizer: optimizer.case.replace(/Optimizer$/, '') }),
    parameters,
  }
}
