import * as z from 'zod'
import type { Estimate } from './statistics/intervals.ts'

/** Units of a {@link Figure}. */
export const figureUnit = z.enum(['ms', '1/s', 'B', 'mJ', 'W', 'ratio', 'predictions', 'dB'])
export type FigureUnit = z.infer<typeof figureUnit>

const interval = z.tuple([z.number(), z.number()])

/** A number that was measured. `interval` is its 95 % interval, or null where one measurement gives none. */
export const measured = z.strictObject({ value: z.number(), unit: figureUnit, interval: interval.nullable() })
/** Why a number is not there. */
export const unavailable = z.strictObject({ unavailable: z.string().min(1) })
/** Every number of a result: measured, or the reason why not. */
export const figure = z.union([measured, unavailable])

export type Measured = z.infer<typeof measured>
export type Figure = z.infer<typeof figure>

/** A measured figure without an interval. */
export function single(value: number, unit: FigureUnit): Measured {
  return { value, unit, interval: null }
}

/** A measured figure from an estimate over blocks. */
export function estimated(estimate: Estimate, unit: FigureUnit): Measured {
  return { value: estimate.value, unit, interval: estimate.interval && [estimate.interval[0], estimate.interval[1]] }
}

/** True for a number, false for a reason. */
export function isMeasured(value: Figure): value is Measured {
  return 'value' in value
}
