import { CoreMLError } from '../errors.ts'
import {
  ArrayDataType,
  type ArrayFeatureType,
  ArrayShapeMapping,
  ColorSpace,
  chooseFunction,
  type FeatureDescription as FeatureSpec,
  type FunctionDescription,
  functionNames,
  type ImageFeatureType,
  type Model,
  type ModelDescription as ModelDescriptionSpec,
  type ModelFile,
  type SequenceFeatureType,
  type SizeRange,
  type StateFeatureType,
} from '../format/index.ts'
import { classLabels } from './class-labels.ts'
import type {
  DimensionRange,
  FeatureDescription,
  ImageFeature,
  ModelDescription,
  ShapeFlexibility,
  SizeFlexibility,
  StateFeature,
} from './description.ts'
import type { TensorType } from './tensor.ts'

const tensorTypes: Partial<Record<number, TensorType>> = {
  // The first converters stated no type for the arrays of classic models, which compute in double.
  [ArrayDataType.INVALID]: 'float64',
  [ArrayDataType.FLOAT16]: 'float16',
  [ArrayDataType.FLOAT32]: 'float32',
  [ArrayDataType.DOUBLE]: 'float64',
  [ArrayDataType.INT8]: 'int8',
  [ArrayDataType.INT32]: 'int32',
}

const colorSpaces: Partial<Record<number, ImageFeature['colorSpace']>> = {
  [ColorSpace.GRAYSCALE]: 'gray',
  [ColorSpace.RGB]: 'rgb',
  [ColorSpace.BGR]: 'bgr',
  [ColorSpace.GRAYSCALE_FLOAT16]: 'gray16f',
}

function invalid(name: string, problem: string): never {
  throw new CoreMLError('ERR_MODEL_INVALID', `the model's feature "${name}" ${problem}`)
}

/** Bounds of a dimension: a negative upper bound, or one beyond all sizes, is none. */
function range(bounds: SizeRange | undefined): DimensionRange {
  const max = Number(bounds?.upperBound ?? -1)
  return { min: bounds?.lowerBound ?? 0, max: max < 0 || max >= 2 ** 31 - 1 ? null : max }
}

function shapeFlexibility({ shapeFlexibility }: ArrayFeatureType): ShapeFlexibility {
  switch (shapeFlexibility.case) {
    case 'enumeratedShapes':
      return { kind: 'enumerated', shapes: shapeFlexibility.value.shapes.map(({ shape }) => [...shape]) }
    case 'shapeRange':
      return { kind: 'range', ranges: shapeFlexibility.value.sizeRanges.map(range) }
    default:
      return { kind: 'fixed' }
  }
}

function sizeFlexibility({ sizeFlexibility }: ImageFeatureType): SizeFlexibility {
  switch (sizeFlexibility.case) {
    case 'enumeratedSizes':
      return { kind: 'enumerated', sizes: sizeFlexibility.value.sizes.map(({ width, height }) => ({ width, height })) }
    case 'imageSizeRange':
      return { kind: 'range', width: range(sizeFlexibility.value.widthRange), height: range(sizeFlexibility.value.heightRange) }
    default:
      return { kind: 'fixed' }
  }
}

/** Default size of an image: the stated one, or the first or smallest that its flexibility allows. */
function imageSize({ width, height }: ImageFeatureType, flexibility: SizeFlexibility): { width: number; height: number } {
  if (width > 0 || height > 0 || flexibility.kind === 'fixed') return { width, height }
  if (flexibility.kind === 'range') return { width: Math.max(flexibility.width.min, 1), height: Math.max(flexibility.height.min, 1) }
  return flexibility.sizes[0] ?? { width, height }
}

/** Element type and default shape of a multiarray: the stated one, or the smallest that its flexibility allows. */
function arrayType(name: string, type: ArrayFeatureType): { dataType: TensorType; shape: number[] } {
  const dataType = tensorTypes[type.dataType] ?? invalid(name, `is a multiarray of the unknown type ${type.dataType}`)
  if (type.shape.length > 0) return { dataType, shape: [...type.shape] }
  const flexibility = shapeFlexibility(type)
  if (flexibility.kind === 'enumerated') return { dataType, shape: [...(flexibility.shapes[0] ?? [])] }
  if (flexibility.kind === 'range') return { dataType, shape: flexibility.ranges.map(({ min }) => Math.max(min, 1)) }
  return { dataType, shape: [] }
}

function sequence(name: string, type: SequenceFeatureType) {
  const elementType = type.type.case === 'int64Type' ? ('int64' as const) : ('string' as const)
  if (type.type.case === undefined) invalid(name, 'is a sequence of nothing')
  return { elementType, ...(type.sizeRange && { length: range(type.sizeRange) }) }
}

function state(name: string, type: StateFeatureType) {
  return type.type.case === 'arrayType' ? arrayType(name, type.type.value) : invalid(name, 'is a state of no type')
}

/** Describes one feature. Throws ERR_MODEL_INVALID for types that there are not. */
export function describeFeature({ name, shortDescription, type }: FeatureSpec): FeatureDescription {
  const base = { name, description: shortDescription, optional: type?.isOptional ?? false }
  const kind = type?.type
  switch (kind?.case) {
    case 'int64Type':
      return { ...base, type: 'int64' }
    case 'doubleType':
      return { ...base, type: 'double' }
    case 'stringType':
      return { ...base, type: 'string' }
    case 'imageType': {
      const colorSpace =
        colorSpaces[kind.value.colorSpace] ?? invalid(name, `is an image of the unknown colour space ${kind.value.colorSpace}`)
      const flexibility = sizeFlexibility(kind.value)
      return { ...base, type: 'image', ...imageSize(kind.value, flexibility), colorSpace, flexibility }
    }
    case 'multiArrayType': {
      const defaultValue = kind.value.defaultOptionalValue.value
      return {
        ...base,
        type: 'multiArray',
        ...arrayType(name, kind.value),
        flexibility: shapeFlexibility(kind.value),
        ...(defaultValue !== undefined && { defaultValue }),
      }
    }
    case 'dictionaryType':
      if (kind.value.keyType.case === undefined) invalid(name, 'is a dictionary without a type of keys')
      return { ...base, type: 'dictionary', keyType: kind.value.keyType.case === 'int64KeyType' ? 'int64' : 'string' }
    case 'sequenceType':
      return { ...base, type: 'sequence', ...sequence(name, kind.value) }
    case 'stateType':
      return { ...base, type: 'state', ...state(name, kind.value) }
    default:
      return invalid(name, 'has no type')
  }
}

function describeState(feature: FeatureSpec): StateFeature {
  const described = describeFeature(feature)
  return described.type === 'state' ? described : invalid(feature.name, `is listed as a state and is of type ${described.type}`)
}

/** Where the features stand: in the description itself or, for multi-function models, in that of the function. */
function featuresOf(spec: Model, functionName: string | undefined): ModelDescriptionSpec | FunctionDescription {
  const { description } = spec
  if (description === undefined) throw new CoreMLError('ERR_MODEL_INVALID', 'the model has no description')
  const name = chooseFunction(spec, functionName)
  return description.functions.find((other) => other.name === name) ?? description
}

/** @throws CoreMLError ERR_MODEL_INVALID if two of a model's features have one name */
function requireDistinct(kind: string, features: readonly { name: string }[]): void {
  const names = new Set<string>()
  for (const { name } of features) {
    if (names.has(name)) throw new CoreMLError('ERR_MODEL_INVALID', `the model describes two ${kind}s of the name "${name}"`)
    names.add(name)
  }
}

/** Marks the arrays of a network that maps its inputs to rank 5: they may come with a sequence. */
function withSequences({ type }: Model, feature: FeatureDescription): FeatureDescription {
  const isNetwork = type.case === 'neuralNetwork' || type.case === 'neuralNetworkClassifier' || type.case === 'neuralNetworkRegressor'
  if (!isNetwork || feature.type !== 'multiArray' || type.value.arrayInputShapeMapping !== ArrayShapeMapping.RANK5) return feature
  return { ...feature, takesSequences: true }
}

/**
 * What a model takes and gives, from its file.
 *
 * @param functionName - the function of a multi-function ML Program; its default function when absent.
 * @param spec - the model to describe where it is not the file's own, but a stage of its pipeline.
 * Throws ERR_ARGUMENT if there is no such function, ERR_MODEL_INVALID if the description is damaged.
 */
export function describeModel(file: ModelFile, functionName?: string, spec: Model = file.spec): ModelDescription {
  const features = featuresOf(spec, functionName)
  requireDistinct('input', features.input)
  requireDistinct('output', features.output)
  requireDistinct('state', features.state)
  const metadata = spec.description?.metadata
  const labels = classLabels(file, spec, functionName)
  return {
    inputs: features.input.map((feature) => withSequences(spec, describeFeature(feature))),
    outputs: features.output.map(describeFeature),
    states: features.state.map(describeState),
    ...(features.predictedFeatureName && { predictedFeatureName: features.predictedFeatureName }),
    ...(features.predictedProbabilitiesName && { predictedProbabilitiesName: features.predictedProbabilitiesName }),
    ...(labels && { classLabels: labels }),
    functions: spec.description?.functions.length ? functionNames(spec) : [],
    metadata: {
      shortDescription: metadata?.shortDescription ?? '',
      version: metadata?.versionString ?? '',
      author: metadata?.author ?? '',
      license: metadata?.license ?? '',
      userDefined: { ...metadata?.userDefined },
    },
  }
}
