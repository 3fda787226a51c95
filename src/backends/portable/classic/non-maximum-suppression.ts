import type { FeatureDescription, NonMaximumSuppression } from '../../../format/index.ts'
import { type Features, isTensor } from '../../../model/values.ts'
import {
  type ClassicModel,
  type ClassicSpec,
  giveNumbers,
  inputValue,
  invalidInput,
  invalidModel,
  numberOf,
  numbersOf,
  outputCalled,
} from './features.ts'

/** Bounds of the number of boxes that an output has to have. */
interface RowBounds {
  least: number
  most: number
}

/**
 * Non-maximum suppression of boxes (centre x, centre y, width, height), each with a confidence a class. Boxes whose best confidence is below the
 * threshold go; of the rest, best first, a box stays unless it overlaps a kept one (of the same best class, where the model says so) by more than the
 * IoU threshold. The kept boxes come out best first, padded with zeros or cut off to the number that the outputs declare.
 */
export function makeNonMaximumSuppression(spec: ClassicSpec<NonMaximumSuppression>): ClassicModel {
  const nms = spec.parameters
  const confidenceOutput = outputCalled(spec, nms.confidenceOutputFeatureName)
  const coordinatesOutput = outputCalled(spec, nms.coordinatesOutputFeatureName)
  if (!confidenceOutput || !coordinatesOutput) throw invalidModel(spec, 'its outputs are not the ones that the suppression names')
  // The format has no other method, and detectors that work leave it out.
  const perClass = nms.suppressionMethod.value?.perClass ?? false
  const bounds = rowBounds([confidenceOutput, coordinatesOutput])
  const threshold = (inputs: Features, name: string, otherwise: number): number => {
    const value = name ? inputs[name] : undefined
    return value === undefined ? otherwise : numberOf(spec, name, value)
  }

  return {
    compute(inputs) {
      const confidences = matrix(spec, inputs, nms.confidenceInputFeatureName)
      const boxes = matrix(spec, inputs, nms.coordinatesInputFeatureName)
      if (boxes.rows !== confidences.rows || (boxes.columns !== 4 && boxes.rows > 0))
        throw invalidInput(
          spec,
          `input '${nms.coordinatesInputFeatureName}' is ${boxes.rows} × ${boxes.columns}; ${confidences.rows} × 4 belong to the confidences`,
        )
      const kept = pickTop(confidences, boxes.values, {
        perClass,
        iou: threshold(inputs, nms.iouThresholdInputFeatureName, nms.iouThreshold),
        confidence: threshold(inputs, nms.confidenceThresholdInputFeatureName, nms.confidenceThreshold),
        most: bounds.most,
      })
      const rows = Math.max(kept.length, bounds.least)
      const gather = (output: FeatureDescription, values: ArrayLike<number>, columns: number) => {
        const gathered = new Float64Array(rows * columns)
        kept.forEach((box, row) => {
          for (let c = 0; c < columns; c++) gathered[row * columns + c] = values[box * columns + c]!
        })
        return giveNumbers(output, gathered, [rows, columns])
      }
      return {
        [confidenceOutput.name]: gather(confidenceOutput, confidences.values, confidences.columns),
        [coordinatesOutput.name]: gather(coordinatesOutput, boxes.values, 4),
      }
    },
  }
}

interface Matrix {
  values: ArrayLike<number>
  rows: number
  columns: number
}

/** An input as a matrix: its last dimension are the columns. */
function matrix(spec: ClassicSpec, inputs: Features, name: string): Matrix {
  const value = inputValue(spec, inputs, name)
  if (!isTensor(value) || value.dims.length < 2) throw invalidInput(spec, `input '${name}' has to be a matrix, one row a box`)
  const columns = value.dims.at(-1)!
  const values = numbersOf(spec, name, value)
  return { values, columns, rows: columns === 0 ? 0 : values.length / columns }
}

/** Boxes that stay, best first. */
function pickTop(
  confidences: Matrix,
  boxes: ArrayLike<number>,
  limits: { perClass: boolean; iou: number; confidence: number; most: number },
): number[] {
  const { values, rows, columns } = confidences
  const best = new Float64Array(rows)
  const bestClass = new Int32Array(rows)
  const candidates: number[] = []
  for (let box = 0; box < rows; box++) {
    let top = box * columns
    for (let at = top + 1; at < (box + 1) * columns; at++) if (values[at]! > values[top]!) top = at
    best[box] = values[top]!
    bestClass[box] = top - box * columns
    if (best[box]! >= limits.confidence) candidates.push(box)
  }
  candidates.sort((a, b) => best[b]! - best[a]! || a - b)
  const keptOf = new Map<number, KeptBoxes>()
  const kept: number[] = []
  for (const box of candidates) {
    if (kept.length >= limits.most) break
    const group = limits.perClass ? bestClass[box]! : 0
    const others = keptOf.get(group) ?? new KeptBoxes(limits.iou)
    keptOf.set(group, others)
    if (others.add(boxes, box)) kept.push(box)
  }
  return kept
}

/** Boxes of which none overlaps another by more than a threshold, side by side in memory: thousands of boxes are compared with each other. */
class KeptBoxes {
  readonly #iou: number
  #count = 0
  /** Left, top, right, bottom and area of each box. */
  #boxes = new Float64Array(5 * 64)

  constructor(iou: number) {
    this.#iou = iou
  }

  /** Keeps box `index` of `boxes`, unless it overlaps a kept one too much. */
  add(boxes: ArrayLike<number>, index: number): boolean {
    const [x, y, width, height] = [boxes[4 * index]!, boxes[4 * index + 1]!, boxes[4 * index + 2]!, boxes[4 * index + 3]!]
    const [left, top, right, bottom] = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    // Of the corners, as common areas are: no box overlaps itself by more than 1, however sides are rounded.
    const area = Math.max(0, right - left) * Math.max(0, bottom - top)
    if (this.#overlaps(left, top, right, bottom, area)) return false
    if (5 * this.#count === this.#boxes.length) {
      const larger = new Float64Array(2 * this.#boxes.length)
      larger.set(this.#boxes)
      this.#boxes = larger
    }
    this.#boxes.set([left, top, right, bottom, area], 5 * this.#count++)
    return true
  }

  #overlaps(left: number, top: number, right: number, bottom: number, area: number): boolean {
    const kept = this.#boxes
    const iou = this.#iou
    if (iou < 0) return this.#count > 0
    for (let at = 0; at < 5 * this.#count; at += 5) {
      const width = Math.min(right, kept[at + 2]!) - Math.max(left, kept[at]!)
      if (!(width > 0)) continue
      const height = Math.min(bottom, kept[at + 3]!) - Math.max(top, kept[at + 1]!)
      if (!(height > 0)) continue
      const common = width * height
      if (common / (area + kept[at + 4]! - common) > iou) return true
    }
    return false
  }
}

/** How many boxes the outputs hold: a fixed number, a range, or any; one output may say it for both. */
function rowBounds(outputs: readonly FeatureDescription[]): RowBounds {
  const bounds: RowBounds = { least: 0, most: Number.POSITIVE_INFINITY }
  for (const { type } of outputs) {
    if (type?.type.case !== 'multiArrayType') continue
    const { shape, shapeFlexibility } = type.type.value
    const range = shapeFlexibility.case === 'shapeRange' ? shapeFlexibility.value.sizeRanges[0] : undefined
    if (range) {
      bounds.least = Math.max(bounds.least, range.lowerBound)
      if (range.upperBound >= 0) bounds.most = Math.min(bounds.most, Number(range.upperBound))
    } else if (!shapeFlexibility.case && shape.length === 2 && shape[0]! > 0) {
      bounds.least = Math.max(bounds.least, shape[0]!)
      bounds.most = Math.min(bounds.most, shape[0]!)
    }
  }
  return bounds
}
