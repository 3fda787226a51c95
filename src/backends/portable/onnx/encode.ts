import { basename, dirname } from 'node:path'
import type { MessageInit } from '../../../format/create.ts'
import { encode } from '../../../format/encode.ts'
import { type AttributeValue, floatAttributes, onnxDataType } from './attributes.ts'
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  type ValueInfoProto,
} from './gen/onnx_pb.ts'
import type { Graph, Node, Port } from './graph.ts'
import type { Value } from './value.ts'

/** Opset of ai.onnx that lowering writes against. */
export const opset = 21
const irVersion = 10

/** Constants from this many bytes on stay outside the model's protobuf. Smaller ones go in: onnxruntime reads shapes and bounds from them. */
const inlineLimit = 1024

/** An encoded ONNX model and the data that it refers to. */
export interface EncodedModel {
  model: Uint8Array
  /** Folder of the files that hold constants; absent where there are none. */
  folder?: string
  /** Constants in memory, by the location that the model gives them. */
  externalData: { path: string; data: Uint8Array }[]
}

/** Attribute types as ONNX's AttributeProto numbers them. */
const attributeType = { float: 1, int: 2, string: 3, graph: 5, floats: 6, ints: 7, strings: 8 } as const

/** Encodes a graph as ONNX model. Constants in files are referred to by file and offset, in place. */
export function encodeModel(graph: Graph): EncodedModel {
  const externalData: EncodedModel['externalData'] = []
  const folder = weightsFolder(graph)
  const encoded: EncodedModel = { model: new Uint8Array(), externalData, ...(folder !== undefined && { folder }) }
  const model: MessageInit<ModelProto> = {
    irVersion,
    producerName: 'coreml-bridge',
    opsetImport: [
      { domain: '', version: opset },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: encodeGraph(graph, encoded),
  }
  // The writer passes over what is not there, so no whole messages are made. One piece: there are no weights to copy in an ONNX model.
  encoded.model = encode(ModelProtoSchema, model as ModelProto)[0] as Uint8Array
  return encoded
}

/**
 * The folder whose files the model refers to. onnxruntime takes external data from files or from memory, not from both in one model: where more
 * is in memory (decompressed weights, say), what is in files joins it, so that nothing large goes into the protobuf.
 */
function weightsFolder(graph: Graph): string | undefined {
  let inFiles = 0
  let inMemory = 0
  let folder: string | undefined
  for (const { constant } of graph.initializers) {
    const size = constant?.file ? constant.file.length : (constant?.data.byteLength ?? 0)
    if (size < inlineLimit) continue
    if (constant?.file) {
      inFiles += size
      folder ??= dirname(constant.file.path)
    } else inMemory += size
  }
  return inMemory > inFiles ? undefined : folder
}

function encodeGraph(graph: Graph, encoded: EncodedModel): MessageInit<GraphProto> {
  return {
    name: graph.name,
    node: graph.nodes.map((node) => encodeNode(node, encoded)),
    input: graph.inputs.map(encodePort),
    output: graph.outputs.map(encodePort),
    initializer: graph.initializers.map((value) => encodeInitializer(value, encoded)),
  }
}

function encodeNode(node: Node, encoded: EncodedModel) {
  return {
    opType: node.opType,
    domain: node.domain,
    name: node.name,
    input: node.inputs,
    output: node.outputs,
    attribute: Object.entries(node.attributes)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => encodeAttribute(name, value!, encoded)),
  }
}

const utf8 = new TextEncoder()

function encodeAttribute(name: string, value: AttributeValue, encoded: EncodedModel): MessageInit<AttributeProto> {
  if ((name === 'to' || name === 'dtype') && typeof value === 'string') {
    return { name, type: attributeType.int, i: BigInt(onnxDataType[value as keyof typeof onnxDataType]) }
  }
  if (typeof value === 'string') return { name, type: attributeType.string, s: utf8.encode(value) }
  if (typeof value === 'boolean' || typeof value === 'bigint') return { name, type: attributeType.int, i: BigInt(value) }
  if (typeof value === 'number') {
    return floatAttributes.has(name) ? { name, type: attributeType.float, f: value } : { name, type: attributeType.int, i: BigInt(value) }
  }
  if (isList(value)) {
    if (typeof value[0] === 'string')
      return { name, type: attributeType.strings, strings: (value as string[]).map((text) => utf8.encode(text)) }
    if (floatAttributes.has(name)) return { name, type: attributeType.floats, floats: value as number[] }
    return { name, type: attributeType.ints, ints: (value as number[]).map(BigInt) }
  }
  return { name, type: attributeType.graph, g: encodeGraph(value, encoded) }
}

function isList(value: AttributeValue): value is readonly number[] | readonly string[] {
  return Array.isArray(value)
}

function encodePort(port: Port): MessageInit<ValueInfoProto> {
  const dim = port.dims.map((size) => ({ value: size === null ? { case: undefined } : { case: 'dimValue' as const, value: BigInt(size) } }))
  return { name: port.name, type: { value: { case: 'tensorType', value: { elemType: onnxDataType[port.type], shape: { dim } } } } }
}

function encodeInitializer(value: Value, encoded: EncodedModel): MessageInit<TensorProto> {
  const constant = value.constant!
  const base = { name: value.name, dims: value.dims.map((dim) => BigInt(dim!)), dataType: onnxDataType[value.type] }
  const { file } = constant
  if ((file ? file.length : constant.data.byteLength) < inlineLimit) return { ...base, rawData: constant.bytes }
  if (file && dirname(file.path) === encoded.folder) return { ...base, ...external(basename(file.path), file.offset, file.length) }
  if (encoded.folder !== undefined) return { ...base, rawData: constant.bytes }
  const path = `memory/${encoded.externalData.length}`
  const data = constant.bytes
  encoded.externalData.push({ path, data })
  return { ...base, ...external(path, 0, data.byteLength) }
}

function external(location: string, offset: number, length: number): MessageInit<TensorProto> {
  return {
    dataLocation: 1,
    externalData: [
      { key: 'location', value: location },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(length) },
    ],
  }
}
