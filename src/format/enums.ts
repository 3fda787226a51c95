/**
 * The enumerations of the Core ML format. The spec's messages hold the numbers; compare them by these names:
 * `layer.type === PoolingType.AVERAGE`.
 */

/** Name of a number of one of the enumerations below, or undefined. */
export function enumName(enumeration: Readonly<Record<string, number>>, value: number): string | undefined {
  for (const [name, number] of Object.entries(enumeration)) if (number === value) return name
  return undefined
}

// Features

/** ImageFeatureType.colorSpace */
export const ColorSpace = { INVALID: 0, GRAYSCALE: 10, RGB: 20, BGR: 30, GRAYSCALE_FLOAT16: 40 } as const

/** ArrayFeatureType.dataType: a family in the high 16 bits, the width in the low ones. */
export const ArrayDataType = { INVALID: 0, FLOAT16: 0x10010, FLOAT32: 0x10020, DOUBLE: 0x10040, INT8: 0x20008, INT32: 0x20020 } as const

// ML Programs

/** TensorType.dataType */
export const MilDataType = {
  UNUSED_TYPE: 0,
  BOOL: 1,
  STRING: 2,
  FLOAT16: 10,
  FLOAT32: 11,
  FLOAT64: 12,
  BFLOAT16: 13,
  INT8: 21,
  INT16: 22,
  INT32: 23,
  INT64: 24,
  INT4: 25,
  UINT8: 31,
  UINT16: 32,
  UINT32: 33,
  UINT64: 34,
  UINT4: 35,
  UINT2: 36,
  UINT1: 37,
  UINT6: 38,
  UINT3: 39,
  FLOAT8E4M3FN: 40,
  FLOAT8E5M2: 41,
} as const

// Neural networks

/** NeuralNetwork.arrayInputShapeMapping */
export const ArrayShapeMapping = { RANK5: 0, EXACT: 1 } as const

/** NeuralNetwork.imageInputShapeMapping */
export const ImageShapeMapping = { RANK5: 0, RANK4: 1 } as const

export const SamePaddingMode = { BOTTOM_RIGHT_HEAVY: 0, TOP_LEFT_HEAVY: 1 } as const

/** paddingType of the three-dimensional layers */
export const PaddingType3D = { CUSTOM: 0, VALID: 1, SAME: 2 } as const

/** PoolingLayer.type, Pooling3DLayer.type, GlobalPooling3DLayer.type (those without L2) */
export const PoolingType = { MAX: 0, AVERAGE: 1, L2: 2 } as const

export const UnaryOperation = { SQRT: 0, RSQRT: 1, INVERSE: 2, POWER: 3, EXP: 4, LOG: 5, ABS: 6, THRESHOLD: 7 } as const

export const GeluMode = { EXACT: 0, TANH_APPROXIMATION: 1, SIGMOID_APPROXIMATION: 2 } as const

export const InterpolationMode = { NN: 0, BILINEAR: 1 } as const

export const LinearUpsampleMode = { DEFAULT: 0, ALIGN_CORNERS_TRUE: 1, ALIGN_CORNERS_FALSE: 2 } as const

export const SamplingMethod = { STRICT_ALIGN_ENDPOINTS_MODE: 0, ALIGN_ENDPOINTS_MODE: 1, UPSAMPLE_MODE: 2, ROI_ALIGN_MODE: 3 } as const

export const BoxCoordinates = {
  CORNERS_HEIGHT_FIRST: 0,
  CORNERS_WIDTH_FIRST: 1,
  CENTER_SIZE_HEIGHT_FIRST: 2,
  CENTER_SIZE_WIDTH_FIRST: 3,
} as const

export const ReorganizationType = { SPACE_TO_DEPTH: 0, DEPTH_TO_SPACE: 1, PIXEL_SHUFFLE: 2 } as const

/** FlattenLayer.mode, ReshapeLayer.mode */
export const ChannelOrder = { CHANNEL_FIRST: 0, CHANNEL_LAST: 1 } as const

export const SliceAxis = { CHANNEL_AXIS: 0, HEIGHT_AXIS: 1, WIDTH_AXIS: 2 } as const

/** ReduceLayer.mode */
export const ReduceOperation = { SUM: 0, AVG: 1, PROD: 2, LOGSUM: 3, SUMSQUARE: 4, L1: 5, L2: 6, MAX: 7, MIN: 8, ARGMAX: 9 } as const

/** ReduceLayer.axis */
export const ReduceAxis = { CHW: 0, HW: 1, C: 2, H: 3, W: 4 } as const

export const ScatterMode = { UPDATE: 0, ADD: 1, SUB: 2, MUL: 3, DIV: 4, MAX: 5, MIN: 6 } as const

// Classic models

export const GLMRegressorTransform = { NoTransform: 0, Logit: 1, Probit: 2 } as const

export const GLMClassifierTransform = { Logit: 0, Probit: 1 } as const

export const GLMClassEncoding = { ReferenceClass: 0, OneVsRest: 1 } as const

export const TreeNodeBehavior = {
  BranchOnValueLessThanEqual: 0,
  BranchOnValueLessThan: 1,
  BranchOnValueGreaterThanEqual: 2,
  BranchOnValueGreaterThan: 3,
  BranchOnValueEqual: 4,
  BranchOnValueNotEqual: 5,
  LeafNode: 6,
} as const

/** postEvaluationTransform of tree ensembles */
export const TreeEnsembleTransform = {
  NoTransform: 0,
  Classification_SoftMax: 1,
  Regression_Logistic: 2,
  Classification_SoftMaxWithZeroClassReference: 3,
} as const

export const NormType = { LMax: 0, L1: 1, L2: 2 } as const

export const HandleUnknown = { ErrorOnUnknown: 0, IgnoreUnknown: 1 } as const
