import { attributes } from '../markup.ts'

/** A horizontal bar from `start` to `end`. */
export function horizontalBar(start: number, end: number, middle: number, height = 20, kind?: string): string {
  const [x, width] = end >= start ? [start, end - start] : [end, start - end]
  return `<rect${attributes({ x, y: middle - height / 2, width: Math.max(width, 1), height, class: kind })}/>`
}
