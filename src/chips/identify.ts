import { type Chip, chips } from './catalogue.ts'

/** What a machine's own name for its processor says. */
export type ChipIdentity =
  | { kind: 'apple'; name: string; chip: Chip | null }
  /** A virtual machine or a translated process: the real chip is hidden. */
  | { kind: 'virtual'; name: string }
  | { kind: 'other'; name: string }

/**
 * Finds the chip by the brand string (`machdep.cpu.brand_string`, `os.cpus()[0].model`), such as `Apple M4 Pro`. A chip that the catalogue does not know
 * stays unknown: nothing is guessed from its neighbours.
 */
export function identifyChip(brand: string): ChipIdentity {
  const text = brand.trim()
  if (/^VirtualApple/.test(text) || /^Apple\b.*\bvirtual\b/i.test(text) || /^Apple processor$/i.test(text))
    return { kind: 'virtual', name: text }
  const match = /^Apple ([A-Z]\d+(?:[XZ])?(?: (?:Pro|Max|Ultra))?)$/.exec(text)
  if (match === null) return { kind: 'other', name: text }
  const name = match[1]!
  return { kind: 'apple', name, chip: chips.find((chip) => chip.name === name) ?? null }
}
