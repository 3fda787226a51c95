import type { GraphBuilder, ShapeElement } from './builder.ts'
import type { Value } from './value.ts'

/** Arithmetic of dimensions that are numbers where known, else values of the graph. */

/** Product of dimensions: a number where all are known. */
export function product(graph: GraphBuilder, elements: readonly ShapeElement[]): ShapeElement {
  const known = elements.filter((element) => typeof element === 'number').reduce((a, b) => a * b, 1)
  let result: ShapeElement = known
  for (const element of elements) {
    if (typeof element === 'number') continue
    result = result === 1 ? element : graph.op('Mul', [asValue(graph, result), element])
  }
  return result
}

/** A dimension as scalar int64 value. */
export function asValue(graph: GraphBuilder, element: ShapeElement): Value {
  return typeof element === 'number' ? graph.scalar(element, 'int64') : element
}
