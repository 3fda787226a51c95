// Small model files, written for the specs. The stand-in reads their descriptions only.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { afterAll } from 'vitest'
import { ArrayDataType, ColorSpace } from '../../../src/format/index.ts'
import { type FeatureTypeSchema, ModelSchema } from '../../protobuf-schemas.ts'

type FeatureTypeInit = NonNullable<MessageInitShape<typeof FeatureTypeSchema>['type']>
export interface FeatureInit {
  name: string
  type: FeatureTypeInit
  optional?: boolean
  text?: string
}

const dataTypes = {
  float16: ArrayDataType.FLOAT16,
  float32: ArrayDataType.FLOAT32,
  float64: ArrayDataType.DOUBLE,
  int32: ArrayDataType.INT32,
  int8: ArrayDataType.INT8,
}
export type ArrayTypeName = keyof typeof dataTypes

export function array(dataType: ArrayTypeName, shape: number[], more: object = {}): FeatureTypeInit {
  return { case: 'multiArrayType', value: { shape, dataType: dataTypes[dataType], ...more } } as FeatureTypeInit
}
export function image(width: number, height: number, colorSpace: 'gray' | 'rgb' | 'bgr' | 'gray16f', more: object = {}): FeatureTypeInit {
  const spaces = { gray: ColorSpace.GRAYSCALE, rgb: ColorSpace.RGB, bgr: ColorSpace.BGR, gray16f: ColorSpace.GRAYSCALE_FLOAT16 }
  return { case: 'imageType', value: { width, height, colorSpace: spaces[colorSpace], ...more } } as FeatureTypeInit
}
export const scalar = (kind: 'int64' | 'double' | 'string'): FeatureTypeInit => ({ case: `${kind}Type`, value: {} }) as FeatureTypeInit
export const dictionary = (keys: 'int64' | 'string'): FeatureTypeInit =>
  ({ case: 'dictionaryType', value: { keyType: { case: `${keys}KeyType`, value: {} } } }) as FeatureTypeInit
export const sequence = (items: 'int64' | 'string', sizeRange?: object): FeatureTypeInit =>
  ({ case: 'sequenceType', value: { type: { case: `${items}Type`, value: {} }, sizeRange } }) as FeatureTypeInit
export const state = (dataType: ArrayTypeName, shape: number[]): FeatureTypeInit =>
  ({ case: 'stateType', value: { type: { case: 'arrayType', value: { shape, dataType: dataTypes[dataType] } } } }) as FeatureTypeInit

export interface ModelInit {
  inputs: FeatureInit[]
  outputs: FeatureInit[]
  states?: FeatureInit[]
  labels?: string[] | number[]
  predicted?: string
  probabilities?: string
  metadata?: object
  functions?: { name: string; inputs: FeatureInit[]; outputs: FeatureInit[] }[]
  defaultFunction?: string
}

/** Four numbers in, the same four as 2 × 2 out. */
export const vector: ModelInit = {
  inputs: [{ name: 'x', type: array('float32', [4]) }],
  outputs: [{ name: 'y', type: array('float32', [2, 2]) }],
}

const feature = ({ name, type, optional = false, text = '' }: FeatureInit) => ({
  name,
  shortDescription: text,
  type: { type, isOptional: optional },
})

/** The bytes of a `.mlmodel` with this description. */
export function modelBytes(init: ModelInit): Uint8Array<ArrayBuffer> {
  const { labels = [] } = init
  const classLabels =
    typeof labels[0] === 'number'
      ? { case: 'int64ClassLabels', value: { vector: labels.map(BigInt) } }
      : { case: 'stringClassLabels', value: { vector: labels.map(String) } }
  const type = labels.length > 0 ? { case: 'neuralNetworkClassifier', value: { classLabels } } : { case: 'neuralNetwork', value: {} }
  const model = {
    specificationVersion: 9,
    description: {
      input: init.inputs.map(feature),
      output: init.outputs.map(feature),
      state: (init.states ?? []).map(feature),
      predictedFeatureName: init.predicted ?? '',
      predictedProbabilitiesName: init.probabilities ?? '',
      metadata: init.metadata,
      functions: (init.functions ?? []).map(({ name, inputs, outputs }) => ({
        name,
        input: inputs.map(feature),
        output: outputs.map(feature),
      })),
      defaultFunctionName: init.defaultFunction ?? '',
    },
    type,
  }
  return new Uint8Array(toBinary(ModelSchema, create(ModelSchema, model as MessageInitShape<typeof ModelSchema>)))
}

/** A folder that goes when the spec file is over. */
export const folder = mkdtempSync(join(tmpdir(), 'coreml-standin-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0

/** The path of such a model. */
export function modelFile(init: ModelInit, extension = '.mlmodel'): string {
  const path = join(folder, `model-${count++}${extension}`)
  writeFileSync(path, modelBytes(init))
  return path
}

/** The stand-in's made-up HEIC file (native/standin/image_io_standin.mm). */
export function heic(width: number, height: number, orientation: number, data: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    0,
    0,
    0,
    24,
    ...Buffer.from('ftypheic'),
    width & 255,
    width >> 8,
    height & 255,
    height >> 8,
    orientation,
    ...data,
  ])
}
