import * as z from 'zod'
import { CoreMLError } from '../../errors.ts'
import { unitResult } from '../result.ts'
import type { Condition } from './condition.ts'

/** The schemas that a value of this schema can have, without `null` and unions around them. */
function variants(schema: unknown): unknown[] {
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) return variants(schema.unwrap())
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(variants)
  return [schema]
}

function property(schema: unknown, name: string): unknown[] {
  const shape: Record<string, unknown> = schema instanceof z.ZodObject ? schema.shape : {}
  return Object.hasOwn(shape, name) ? variants(shape[name]) : []
}

const isNumber = (schema: unknown) => schema instanceof z.ZodNumber

/**
 * Tells a mistake in a condition before anything is measured.
 * @throws CoreMLError ERR_ARGUMENT where no result of a unit has a number at the condition's path
 */
export function checkFigurePath({ text, path }: Condition): void {
  let schemas = variants(unitResult).filter((schema) => property(schema, 'steady').length > 0)
  for (const name of path) {
    schemas = schemas.flatMap((schema) => property(schema, name))
    if (schemas.length === 0)
      throw new CoreMLError('ERR_ARGUMENT', `"${text}": a unit's result has no "${path.join('.')}" (there is no "${name}")`)
  }
  if (schemas.some((schema) => isNumber(schema) || property(schema, 'value').some(isNumber))) return
  throw new CoreMLError('ERR_ARGUMENT', `"${text}": "${path.join('.')}" is no number`)
}
