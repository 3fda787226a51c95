import type { TensorType } from '../../../model/tensor.ts'
import type { Attributes } from './attributes.ts'
import type { Dim, Value } from './value.ts'

/** One node of an ONNX graph; '' stands for an optional input or output that is left out. */
export interface Node {
  opType: string
  domain: string
  name: string
  inputs: string[]
  outputs: string[]
  attributes: Attributes
}

/** A graph input or output. */
export interface Port {
  name: string
  /** The feature that an output is, where an input has its name: ONNX gives each name once. */
  feature?: string
  type: TensorType
  dims: readonly Dim[]
}

/** A graph input that holds elements of another one which follow each other there, from `offset` on: it is fed as a view of that one. */
export interface InputPart {
  name: string
  of: string
  offset: number
  dims: readonly number[]
}

/** A finished ONNX graph, before encoding. */
export interface Graph {
  name: string
  inputs: Port[]
  outputs: Port[]
  nodes: Node[]
  /** Constants that the nodes of this graph and of the graphs inside it use. */
  initializers: Value[]
  /** Dimensions of the values that nodes of the model compute and of its inputs, as far as lowering knew them. */
  shapes: Map<string, readonly Dim[]>
}
