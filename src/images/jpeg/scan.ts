import { damagedJpeg, type EntropyReader, type HuffmanTable } from './entropy.ts'
import type { Component, Frame } from './frame.ts'
import { inverseDct } from './inverse-dct.ts'

/** Where the coefficients of a block, which come in zigzag, stand in its rows. */
export const zigzag = Uint8Array.from(
  Array.from({ length: 64 }, (_, i) => i).sort((a, b) => {
    const [diagonalA, diagonalB] = [(a >> 3) + (a & 7), (b >> 3) + (b & 7)]
    if (diagonalA !== diagonalB) return diagonalA - diagonalB
    return diagonalA % 2 === 0 ? (a & 7) - (b & 7) : (b & 7) - (a & 7)
  }),
)

/** What the header of a scan says. */
export interface Scan {
  components: Component[]
  /** First and last coefficient in it. */
  first: number
  last: number
  /** Bits of them that came before, from which on the scan refines by one; 0 for the first scan of these coefficients. */
  refined: number
  /** Lower bits that are left to other scans. */
  left: number
}

/** Reads the coefficients that a scan has of one block. */
type BlockReader = (component: Component, coefficients: Int16Array, at: number) => void

function tableOf(table: HuffmanTable | undefined): HuffmanTable {
  if (!table) throw damagedJpeg('a Huffman table is missing')
  return table
}

function sequentialReader(reader: EntropyReader): BlockReader {
  return (component, coefficients, at) => {
    component.before += reader.signed(reader.symbol(tableOf(component.dc)))
    coefficients[at] = component.before
    const ac = tableOf(component.ac)
    for (let k = 1; k < 64; k++) {
      const symbol = reader.symbol(ac)
      const [run, size] = [symbol >> 4, symbol & 15]
      if (size === 0 && run < 15) return
      k += run
      if (k > 63) throw damagedJpeg('a block has too many coefficients')
      coefficients[at + zigzag[k]!] = reader.signed(size)
    }
  }
}

function firstDcReader(reader: EntropyReader, { left }: Scan): BlockReader {
  return (component, coefficients, at) => {
    component.before += reader.signed(reader.symbol(tableOf(component.dc)))
    coefficients[at] = component.before << left
  }
}

function nextDcReader(reader: EntropyReader, { left }: Scan): BlockReader {
  return (_component, coefficients, at) => {
    coefficients[at]! |= reader.bits(1) << left
  }
}

/** Blocks, this one included, whose coefficients of the scan have all come. */
interface EndOfBlocks {
  run: number
}

function firstAcReader(reader: EntropyReader, { first, last, left }: Scan, ended: EndOfBlocks): BlockReader {
  return (component, coefficients, at) => {
    const ac = tableOf(component.ac)
    for (let k = first; k <= last && ended.run === 0; k++) {
      const symbol = reader.symbol(ac)
      const [run, size] = [symbol >> 4, symbol & 15]
      if (size === 0 && run < 15) {
        ended.run = (1 << run) + reader.bits(run)
        break
      }
      k += run
      if (k > last) throw damagedJpeg('a block has too many coefficients')
      coefficients[at + zigzag[k]!] = reader.signed(size) << left
    }
    if (ended.run > 0) ended.run--
  }
}

function nextAcReader(reader: EntropyReader, { first, last, left }: Scan, ended: EndOfBlocks): BlockReader {
  return (component, coefficients, at) => {
    const ac = tableOf(component.ac)
    /** Refines the coefficients that are there, up to one behind `zeros` that are not; gives its place. */
    const refine = (from: number, zeros: number): number => {
      for (let k = from; k <= last; k++) {
        const place = at + zigzag[k]!
        const value = coefficients[place]!
        if (value === 0 && zeros-- === 0) return k
        if (value !== 0 && reader.bits(1)) coefficients[place] = value + (value > 0 ? 1 << left : -1 << left)
      }
      return last + 1
    }
    let k = first
    while (k <= last && ended.run === 0) {
      const symbol = reader.symbol(ac)
      const [run, size] = [symbol >> 4, symbol & 15]
      if (size === 0 && run < 15) {
        ended.run = (1 << run) + reader.bits(run)
        break
      }
      if (size > 1) throw damagedJpeg('a coefficient is refined by more than a bit')
      const value = size === 0 ? 0 : reader.signed(1) * (1 << left)
      k = refine(k, run)
      if (k > last && value !== 0) throw damagedJpeg('a block has too many coefficients')
      if (value !== 0) coefficients[at + zigzag[k]!] = value
      k++
    }
    if (ended.run === 0) return
    refine(k, 64)
    ended.run--
  }
}

function blockReader(frame: Frame, scan: Scan, reader: EntropyReader, ended: EndOfBlocks): BlockReader {
  const { components, first, last, refined } = scan
  if (!frame.progressive) return sequentialReader(reader)
  if (first > last || last > 63 || scan.left > 13 || (first === 0 ? last > 0 : components.length > 1))
    throw damagedJpeg('the header of a scan makes no sense')
  if (first === 0) return refined === 0 ? firstDcReader(reader, scan) : nextDcReader(reader, scan)
  return refined === 0 ? firstAcReader(reader, scan, ended) : nextAcReader(reader, scan, ended)
}

/** Reads a scan into the coefficients of a progressive frame, or the samples of another. */
export function readScan(frame: Frame, scan: Scan, reader: EntropyReader, restartInterval: number): void {
  const { components } = scan
  const ended: EndOfBlocks = { run: 0 }
  const readBlock = blockReader(frame, scan, reader, ended)
  const alone = new Int16Array(64)
  const readAt = (component: Component, across: number, down: number) => {
    const block = down * component.blocksAcross + across
    if (component.coefficients) return readBlock(component, component.coefficients, 64 * block)
    alone.fill(0)
    readBlock(component, alone, 0)
    const stride = 8 * component.blocksAcross
    inverseDct(alone, 0, component.scale!, component.samples, 8 * down * stride + 8 * across, stride)
  }
  const readUnit = (across: number, down: number) => {
    for (const component of components)
      for (let y = 0; y < component.v; y++)
        for (let x = 0; x < component.h; x++) readAt(component, across * component.h + x, down * component.v + y)
  }
  // A component by itself comes block by block, without those that only fill the last unit.
  const only = components.length === 1 ? components[0] : undefined
  const unitsAcross = only ? Math.ceil(only.width / 8) : frame.unitsAcross
  const units = unitsAcross * (only ? Math.ceil(only.height / 8) : frame.unitsDown)
  const restart = (number: number) => {
    reader.restart(number % 8)
    for (const component of components) component.before = 0
    ended.run = 0
  }
  for (const component of components) component.before = 0
  for (let unit = 0; unit < units; unit++) {
    if (restartInterval > 0 && unit > 0 && unit % restartInterval === 0) restart(unit / restartInterval - 1)
    const [across, down] = [unit % unitsAcross, Math.floor(unit / unitsAcross)]
    if (only) readAt(only, across, down)
    else readUnit(across, down)
  }
}

/** Makes the samples of a progressive frame, all scans of which were read. */
export function transformBlocks({ blocksAcross, blocksDown, coefficients, scale, samples }: Component): void {
  if (!coefficients) return
  const stride = 8 * blocksAcross
  for (let down = 0, from = 0; down < blocksDown; down++)
    for (let across = 0; across < blocksAcross; across++, from += 64)
      inverseDct(coefficients, from, scale!, samples, 8 * down * stride + 8 * across, stride)
}
