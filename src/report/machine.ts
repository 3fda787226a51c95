import type { CompareResult } from '../measure/result.ts'
import { told } from '../measure/told.ts'
import { systemText } from '../measure/words.ts'

type Machine = CompareResult['machine']

/** The processor by Apple's name for the chip where it is known, else as it calls itself. */
function processorText({ chip, cpu }: Machine): string {
  return chip === null ? cpu : `Apple ${chip}`
}

/** `10 cores (4 performance, 6 efficiency)`. */
export function coresText(machine: Machine): string {
  const kinds = { performance: told(machine.performanceCores), efficiency: told(machine.efficiencyCores) }
  const kindTexts = Object.entries(kinds).flatMap(([kind, count]) => (count === undefined ? [] : [`${count} ${kind}`]))
  return `${machine.cores} cores${kindTexts.length > 0 ? ` (${kindTexts.join(', ')})` : ''}`
}

/** What falsifies or slows down figures taken in this state; empty for a machine that is fine. */
function conditionTexts(machine: Machine): string[] {
  const heat = told(machine.thermalState)
  return [
    ...(told(machine.translated) ? ['translated by Rosetta'] : []),
    ...(told(machine.lowPowerMode) ? ['low-power mode'] : []),
    ...(heat !== undefined && heat !== 'nominal' ? [`thermal state ${heat}`] : []),
  ]
}

/** The machine in one line, with what it is told of its GPUs and Neural Engine. A GPU of the chip's own name is part of the chip. */
export function machineText({ machine, protocol }: Pick<CompareResult, 'machine' | 'protocol'>): string {
  const engine = told(machine.neuralEngineCores)
  const gpus = (told(machine.gpus) ?? []).filter((name) => name !== processorText(machine))
  return [
    processorText(machine),
    coresText(machine),
    ...gpus.map((name) => `GPU ${name}`),
    ...(engine === undefined ? [] : [`Neural Engine with ${engine} cores`]),
    systemText(machine),
    `${protocol.backend} backend`,
    `Node ${machine.node}`,
    ...conditionTexts(machine),
  ].join(', ')
}
