import { plural } from '../../measure/words.ts'
import { toNumbers } from '../../model/convert.ts'
import { shapeText } from '../../model/feature-text.ts'
import type { Tensor } from '../../model/tensor.ts'
import { type FeatureValue, isImage, isTensor } from '../../model/values.ts'

/** Elements that are shown of a tensor, dictionary or sequence. */
const shown = 8

/** A number with five significant digits at most. */
export function numberText(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value)
  const text = value.toPrecision(5)
  return text.includes('e') ? text : String(Number(text))
}

function listText(items: readonly string[], total: number): string {
  return `[${items.join(', ')}${total > items.length ? ', …' : ''}]`
}

function tensorText({ type, data, dims }: Tensor): string {
  const numbers = toNumbers(data, type)
  const first = Array.from({ length: Math.min(shown, numbers.length) }, (_, i) => numberText(numbers[i]!))
  let text = `${type} ${shapeText(dims)}  ${listText(first, numbers.length)}`
  if (numbers.length <= shown) return text
  let [low, high, sum, odd] = [Infinity, -Infinity, 0, 0]
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!
    if (!Number.isFinite(value)) {
      odd++
      continue
    }
    low = Math.min(low, value)
    high = Math.max(high, value)
    sum += value
  }
  const count = numbers.length - odd
  if (count > 0) text += `  min ${numberText(low)}  max ${numberText(high)}  mean ${numberText(sum / count)}`
  return odd > 0 ? `${text}  ${odd} not finite` : text
}

/** A probability in percent, which a model may also give as NaN. */
export function probabilityText(probability: number): string {
  return Number.isFinite(probability) ? `${(100 * probability).toFixed(2).padStart(6)} %` : String(probability).padStart(6)
}

/** An output value in one line. */
export function valueSummary(value: FeatureValue, file?: string): string {
  if (typeof value === 'string' || typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return numberText(value)
  if (value instanceof Map) {
    const entries = [...value].slice(0, shown).map(([key, number]) => `${key}: ${numberText(number)}`)
    return `${value.size} ${value.size === 1 ? 'entry' : 'entries'}  {${entries.join(', ')}${value.size > entries.length ? ', …' : ''}}`
  }
  if (Array.isArray(value)) return `${plural(value.length, 'item')}  ${listText(value.slice(0, shown).map(String), value.length)}`
  if (isTensor(value)) return tensorText(value)
  if (isImage(value))
    return `image ${value.width}×${value.height} ${value.format ?? 'rgba'}${file === undefined ? '' : `  written to ${file}`}`
  return ''
}
