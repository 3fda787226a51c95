import type { Chip } from '../chips/catalogue.ts'
import type { ChipIdentity } from '../chips/identify.ts'

function topsText({ tops, topsPrecision }: Chip): string {
  if (tops === null) return 'not quoted'
  return `${tops} ${topsPrecision === 'unstated' ? '' : topsPrecision}`.trim()
}

/** Cores of a chip's Neural Engine, with "?" where they are presumed. */
export function engineCoresText({ neuralEngineCores, coresVerified }: Chip): string {
  return `${neuralEngineCores ?? 'unknown'}${coresVerified ? '' : '?'}`
}

/** What the catalogue says of a machine's Neural Engine, without the name of the chip. */
export function neuralEngineText(identity: ChipIdentity): string {
  if (identity.kind === 'other') return 'none: this is no Apple chip'
  if (identity.kind === 'virtual') return 'unknown: the chip is hidden from virtual and translated processes'
  if (identity.chip === null) return 'unknown: the chip is not in the catalogue'
  const { neuralEngineCores: cores, coreML } = identity.chip
  return `${cores ?? 'unknown'} cores, ${topsText(identity.chip)}${identity.chip.tops === null ? '' : ' TOPS as Apple quotes them'}${coreML ? '' : '; Core ML cannot use it'}`
}

/** What the catalogue says of this machine, in a line. */
export function identityText(identity: ChipIdentity): string {
  switch (identity.kind) {
    case 'virtual':
      return `This machine is virtual or translated (${identity.name}): its chip is hidden.`
    case 'other':
      return `This machine has no Apple chip (${identity.name || 'unknown processor'}).`
    case 'apple': {
      if (identity.chip === null)
        return `This machine’s chip, ${identity.name}, is not in the catalogue: nothing is known about its Neural Engine.`
      const { neuralEngineCores: cores, coreML } = identity.chip
      return `This machine: ${identity.name}, Neural Engine with ${cores ?? 'unknown'} cores${coreML ? '' : ', which Core ML cannot use'}.`
    }
  }
}

/** The catalogue of chips as a table for a terminal. */
export function chipsReport(chips: readonly Chip[], machine: ChipIdentity): string {
  const own = machine.kind === 'apple' ? machine.name : null
  const rows = chips.map((chip) => [
    chip.name === own ? '→' : '',
    chip.name,
    String(chip.year),
    engineCoresText(chip),
    topsText(chip),
    chip.process,
    chip.coreML ? 'yes' : 'no',
    chip.devices,
  ])
  const table = [['', 'chip', 'year', 'cores', 'TOPS', 'process', 'Core ML', 'devices'], ...rows]
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  const lines = table.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
  return `${[
    ...lines,
    '',
    'TOPS are Apple’s own figures: half precision through A16 and M3, 8-bit from A17 Pro and M4 on, so the two cannot be compared. "?" is presumed.',
    identityText(machine),
  ].join('\n')}\n`
}
