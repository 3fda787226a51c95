import { allComputeUnits, type ComputeUnits } from '../../backends/backend.ts'
import { attributes, element, escapeText, table } from './markup.ts'
import type { Scale } from './scale.ts'

/** Size of the drawing area and its margins, in SVG units. */
export interface Frame {
  width: number
  height: number
  left: number
  right: number
  top: number
  bottom: number
}

/** A frame of the usual width. */
export function frame(height: number, left = 150): Frame {
  return { width: 620, height, left, right: 36, top: 10, bottom: 44 }
}

/** Something that stands for one value: it has a name for screen readers, can be focused, and shows the name when pointed at. */
export function mark(label: string, kind: string, shape: string): string {
  return element('g', { class: `mark ${kind}`, role: 'img', 'aria-label': label, tabindex: -1 }, shape)
}

/** The class that gives a unit its colour. */
export function unitClass(units: ComputeUnits): string {
  return `unit-${allComputeUnits.indexOf(units)}`
}

/** A point of a unit: each unit has a shape besides its colour. */
export function symbol(units: ComputeUnits, x: number, y: number, size = 5): string {
  const points = (pairs: readonly (readonly [number, number])[]) =>
    pairs.map(([dx, dy]) => `${(x + dx * size).toFixed(2)},${(y + dy * size).toFixed(2)}`).join(' ')
  switch (units) {
    case 'cpuOnly':
      return `<circle${attributes({ cx: x, cy: y, r: size })}/>`
    case 'cpuAndGPU':
      return `<rect${attributes({ x: x - size * 0.9, y: y - size * 0.9, width: size * 1.8, height: size * 1.8 })}/>`
    case 'cpuAndNeuralEngine':
      return `<polygon points="${points([
        [0, -1.2],
        [1.1, 0.9],
        [-1.1, 0.9],
      ])}"/>`
    case 'all':
      return `<polygon points="${points([
        [0, -1.3],
        [1.3, 0],
        [0, 1.3],
        [-1.3, 0],
      ])}"/>`
  }
}

/** Text in a chart. */
export function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end' = 'start', kind?: string): string {
  return element('text', { x, y, 'text-anchor': anchor, class: kind }, escapeText(content))
}

/** Width of a column for figures at the right of a drawing. */
export const valueColumn = 84

/** A row's main figure, in the column at the right. Screen readers have it from the row's marks and the table. */
export function valueText({ width }: Frame, middle: number, content: string): string {
  return `<g aria-hidden="true">${text(width, middle + 4, content, 'end', 'value')}</g>`
}

/** A horizontal axis under the drawing, with grid lines and a title. */
export function bottomAxis(
  { width, height, left, right, top, bottom }: Frame,
  scale: Scale,
  format: (value: number) => string,
  title: string,
): string {
  const y = height - bottom
  const ticks = scale.ticks.map((tick) => {
    const x = scale(tick)
    return `<line class="grid"${attributes({ x1: x, x2: x, y1: top, y2: y })}/>${text(x, y + 16, format(tick), 'middle', 'tick')}`
  })
  return `<g aria-hidden="true">${ticks.join('')}${text((left + width - right) / 2, height - 6, title, 'middle', 'title')}</g>`
}

/** A vertical axis at the left, with grid lines and a title above. */
export function leftAxis({ width, left, right, top }: Frame, scale: Scale, format: (value: number) => string, title: string): string {
  const ticks = scale.ticks.map((tick) => {
    const y = scale(tick)
    return `<line class="grid"${attributes({ x1: left, x2: width - right, y1: y, y2: y })}/>${text(left - 8, y + 4, format(tick), 'end', 'tick')}`
  })
  return `<g aria-hidden="true">${ticks.join('')}${text(0, top + 2, title, 'start', 'title')}</g>`
}

/** Which colour and shape stands for which unit. */
export function legend(units: readonly ComputeUnits[]): string {
  const items = units.map(
    (name) =>
      `<button type="button" class="key" aria-pressed="true" data-unit="${unitClass(name)}"><svg viewBox="-8 -8 16 16" width="14" height="14" aria-hidden="true"><g class="${unitClass(name)}">${symbol(name, 0, 0)}</g></svg>${escapeText(name)}</button>`,
  )
  return `<div class="legend" role="group" aria-label="Units shown">${items.join('')}</div>`
}

/** A chart's parts. */
export interface Chart {
  /** Tells charts apart in tests and links. */
  kind: string
  title: string
  /** What it shows and how to read it. */
  description: string
  frame: Frame
  /** Markup inside the SVG. */
  content: string
  /** The same values as a table. */
  table: { head: string[]; rows: string[][] }
  /** Units that the legend switches on and off. */
  units?: readonly ComputeUnits[]
}

/** A chart with its caption, legend and table of values. */
export function figure({ kind, title, description, frame: { width, height }, content, table: values, units }: Chart): string {
  const drawing = element('svg', { viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': title, class: 'drawing' }, content)
  return `<figure class="chart" data-chart="${kind}"><figcaption><h3>${escapeText(title)}</h3><p>${escapeText(description)}</p></figcaption>
${units && units.length > 1 ? legend(units) : ''}<div class="scroll" role="group" tabindex="0" aria-label="${escapeText(`Chart: ${title}`)}">${drawing}</div>
<details><summary>Values: ${escapeText(title)}</summary>${table(title, values.head, values.rows)}</details></figure>`
}
