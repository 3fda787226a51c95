import { basename } from 'node:path'
import { CoreMLError } from '../errors.ts'
import { type Divergence, type DivergenceSide, findDivergence, type ValueAgreement } from '../measure/divergence.ts'
import { exitCode } from './exit-code.ts'
import { interruptSignal } from './interrupt.ts'
import type { SharedOptions } from './options.ts'
import { startProgress } from './progress.ts'

/** Version of the form of `compare --find-divergence --json`. */
const schemaVersion = 1

interface DivergenceFlags extends SharedOptions {
  seed?: number
}

function sides(
  paths: readonly string[],
  { function: functionName, threads, backend, units = [] }: DivergenceFlags,
): [DivergenceSide, DivergenceSide] {
  const [first, second, ...more] = paths
  if (first === undefined || more.length > 0) {
    throw new CoreMLError('ERR_ARGUMENT', '--find-divergence takes one model (float32 against its declared precision) or two models')
  }
  if (units.length > 1) throw new CoreMLError('ERR_ARGUMENT', '--find-divergence runs on one compute unit: name one with --units')
  if (second === undefined && backend === 'apple')
    throw new CoreMLError(
      'ERR_ARGUMENT',
      'float32 against the declared precision is told by the portable backend; Core ML has no such choice',
    )
  const options = { functionName, threads, computeUnits: units[0] }
  if (second !== undefined) {
    return [
      { path: first, label: basename(first), options: { ...options, backend } },
      { path: second, label: basename(second), options: { ...options, backend } },
    ]
  }
  return [
    { path: first, label: 'float32', options: { ...options, backend: 'portable', precision: 'float32' } },
    { path: first, label: 'as declared', options: { ...options, backend: 'portable', precision: 'asDeclared' } },
  ]
}

function line({ name, psnr, maxError, nonFinite, shapes }: ValueAgreement, width: number): string {
  if (shapes) return `  ${name.padEnd(width)}  shape [${shapes.reference.join(', ')}] against [${shapes.other.join(', ')}]`
  const agreement = psnr === null ? 'equal' : `${psnr.toFixed(1)} dB`
  const lost = nonFinite > 0 ? `, ${nonFinite} elements no longer finite` : ''
  return `  ${name.padEnd(width)}  ${agreement.padStart(9)}  max error ${maxError!.toPrecision(3)}${lost}`
}

function print({ reference, other, limit, values, first }: Divergence): void {
  const at = first ? values.indexOf(first) : values.length
  const shown = first
    ? values.slice(Math.max(0, at - 5), at + 1)
    : [...values].sort((a, b) => (a.psnr ?? Infinity) - (b.psnr ?? Infinity)).slice(0, 5)
  const width = Math.max(...shown.map(({ name }) => name.length))
  const lines = [`${reference} against ${other}: ${values.length} inner values, limit ${limit} dB`, '']
  if (first) lines.push(`"${first.name}" is the first to part, after ${at} that agree:`, ...shown.map((value) => line(value, width)))
  else lines.push('no value parts; the least alike:', ...shown.map((value) => line(value, width)))
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** What was found as JSON, which has no infinities: those become strings, as in the JSON of `predict`. */
export function divergenceJson(found: Divergence): string {
  const text = (_: string, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value)
  return JSON.stringify({ schemaVersion, ...found }, text)
}

/** `compare --find-divergence`: exit status 1 where two runs part. */
export async function runDivergence(paths: readonly string[], flags: DivergenceFlags): Promise<void> {
  const [left, right] = sides(paths, flags)
  const progress = startProgress('walking inner values')
  let found: Divergence
  try {
    found = await findDivergence(left, right, { seed: flags.seed, signal: interruptSignal() })
  } finally {
    progress.stop()
  }
  if (flags.json) process.stdout.write(`${divergenceJson(found)}\n`)
  else print(found)
  if (found.first) process.exitCode = exitCode.failedGate
}
