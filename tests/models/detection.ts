/** A box in pixels. */
export interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

/** A box that was found, or (without score) one that is there. */
export interface Detection {
  label: number
  score: number
  box: Box
}

/** Intersection over union. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  if (width <= 0 || height <= 0) return 0
  const area = (box: Box) => (box.right - box.left) * (box.bottom - box.top)
  return (width * height) / (area(a) + area(b) - width * height)
}

/** Greedy non-maximum suppression within each label: `candidates` that no better one overlaps by more than `limit`. */
export function suppress(candidates: readonly Detection[], limit: number): Detection[] {
  const kept: Detection[] = []
  for (const candidate of candidates.toSorted((a, b) => b.score - a.score)) {
    if (kept.every(({ label, box }) => label !== candidate.label || overlap(box, candidate.box) <= limit)) kept.push(candidate)
  }
  return kept
}

/** Area under the interpolated precision-recall curve of one label; `found` and `truth` have one entry an image. */
export function averagePrecision(found: readonly Detection[][], truth: readonly Detection[][], label: number, limit = 0.5): number {
  const boxes = truth.map((image) => image.filter((detection) => detection.label === label).map(({ box }) => ({ box, taken: false })))
  const total = boxes.reduce((sum, image) => sum + image.length, 0)
  const claims = found
    .flatMap((image, index) => image.filter((detection) => detection.label === label).map((detection) => ({ ...detection, index })))
    .sort((a, b) => b.score - a.score)
  let hits = 0
  const curve = claims.map(({ box, index }, rank) => {
    const best = boxes[index]!.toSorted((a, b) => overlap(b.box, box) - overlap(a.box, box))[0]
    const hit = best !== undefined && !best.taken && overlap(best.box, box) >= limit
    if (hit) {
      best.taken = true
      hits++
    }
    return { hit, precision: hits / (rank + 1) }
  })
  let area = 0
  let precision = 0
  for (const point of curve.toReversed()) {
    precision = Math.max(precision, point.precision)
    if (point.hit) area += precision / total
  }
  return area
}
