import type { Machine, MeasuredUnit, UnitResult } from '../result.ts'
import { countText, decibelText, durationText, intervalText, ratioText } from '../words.ts'
import { neuralEngineRan } from './evidence.ts'

function worstPsnr(unit: MeasuredUnit): number | null {
  const values = unit.accuracy.status === 'checked' ? unit.accuracy.outputs.flatMap(({ psnr }) => (psnr === null ? [] : [psnr])) : []
  return values.length === 0 ? null : Math.min(...values)
}

/** Whether a unit's outputs are right, in a few words. */
export function accuracyText(unit: MeasuredUnit): string {
  const { accuracy } = unit
  if (accuracy.status === 'notChecked') return 'not checked'
  if (accuracy.passed) return `right (${decibelText(worstPsnr(unit))})`
  return `WRONG: ${accuracy.outputs
    .filter(({ passed }) => !passed)
    .map(({ name, note }) => `${name}: ${note}`)
    .join('; ')}`
}

function speedText(unit: MeasuredUnit): string {
  const time = durationText(unit.steady.median.value)
  if ('unavailable' in unit.speedup) return `${time} a prediction, ${countText(unit.steady.perSecond.value)} a second`
  const { value, familyInterval, against, verdict } = unit.speedup
  if (verdict === 'undecided') return `${time} a prediction; too few blocks to compare it with ${against}`
  if (verdict === 'noDifference') return `${time} a prediction; no difference to ${against} was shown`
  return `${time} a prediction, ${ratioText(value)} the speed of ${against} (${intervalText(familyInterval!)})`
}

function neuralEngineText(units: readonly MeasuredUnit[]): string | null {
  const unit = units.find(({ units: name }) => name === 'cpuAndNeuralEngine')
  if (unit === undefined) return null
  if (neuralEngineRan(unit.evidence)) return 'cpuAndNeuralEngine ran on the Neural Engine'
  return unit.evidence.strength === 'none'
    ? 'nothing shows that cpuAndNeuralEngine used the Neural Engine'
    : `use of the Neural Engine is not proved (${unit.evidence.strength})`
}

function breakEvenText(unit: MeasuredUnit): string | null {
  const { breakEven } = unit
  if (breakEven.status !== 'after') return null
  const cold = breakEven.cold === null ? '' : ` (${countText(breakEven.cold)} the very first time)`
  return `its load has paid after ${countText(breakEven.cached)} predictions${cold}`
}

/** The whole answer in one line: the fastest unit whose outputs are right, how sure that is, what went wrong, and what is known before any run. */
export function verdictLine(
  units: readonly UnitResult[],
  latencyUnits: string | null,
  machine: Machine,
  knownLimit: string | null = null,
): string {
  const measured = units.filter((unit) => unit.status === 'measured')
  const best = measured.find(({ units: name }) => name === latencyUnits) ?? measured[0]
  const ended = units.filter((unit) => unit.status !== 'measured' && unit.status !== 'unavailable')
  const parts: string[] = []
  if ('value' in machine.translated && machine.translated.value)
    parts.push('no verdict: this Node is translated (Rosetta), which falsifies every figure')
  if (best !== undefined) {
    parts.push(`${best.units}: ${speedText(best)}`)
    const paid = breakEvenText(best)
    if (paid !== null) parts.push(paid)
    parts.push(`outputs ${accuracyText(best)}`)
    if (!best.steady.stability.stable) parts.push(`unstable (${best.steady.stability.reasons[0]})`)
  }
  for (const unit of measured)
    if (unit !== best && unit.accuracy.status === 'checked' && !unit.accuracy.passed)
      parts.push(`${unit.units} outputs ${accuracyText(unit)}`)
  for (const unit of ended) parts.push(`${unit.units} ${endText(unit)}`)
  const engine = neuralEngineText(measured)
  if (engine !== null) parts.push(engine)
  if (knownLimit !== null) parts.push(knownLimit)
  if (parts.length === 0) parts.push('nothing was measured')
  return `${parts.join('; ')}.`
}

/** How a unit ended that has no figures. */
export function endText(unit: Exclude<UnitResult, MeasuredUnit>): string {
  switch (unit.status) {
    case 'crashed':
      return `crashed: ${unit.how} (${unit.phase})`
    case 'timedOut':
      return `timed out after ${durationText(unit.afterMilliseconds)} (${unit.phase})`
    case 'failed':
      return `failed: ${unit.message} (${unit.phase})`
    case 'unavailable':
      return `unavailable: ${unit.reason}`
  }
}

/** Why a figure may mislead, for the notes under a table. */
export function notesOf(units: readonly UnitResult[]): string[] {
  const notes: string[] = []
  for (const unit of units) {
    if (unit.status !== 'measured') continue
    if (!unit.unitVerified) notes.push(`${unit.units}: nothing on this system could confirm that the unit exists`)
    if (unit.steady.stability.reasons.length > 1) notes.push(`${unit.units} is unstable: ${unit.steady.stability.reasons.join(', ')}`)
    const disturbed = unit.steady.blocks.find((block) => block.disturbed !== null)
    if (disturbed) notes.push(`${unit.units}: a block was disturbed: ${disturbed.disturbed}`)
    if (unit.accuracy.status === 'notChecked') notes.push(`${unit.units}: outputs not checked: ${unit.accuracy.reason}`)
  }
  return notes
}
