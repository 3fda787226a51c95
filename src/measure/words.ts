import type { Machine } from './result.ts'
import type { Interval } from './statistics/intervals.ts'
import { told } from './told.ts'

const digits = (value: number, significant = 3): string =>
  Number(value.toPrecision(significant)).toLocaleString('en-US', { maximumSignificantDigits: significant, useGrouping: false })

/** A duration with a unit that suits it: `0.213 ms`, `12.4 s`, `34 µs`. */
export function durationText(milliseconds: number): string {
  const size = Math.abs(milliseconds)
  if (size < 0.1) return `${digits(milliseconds * 1000)} µs`
  return size < 1000 ? `${digits(milliseconds)} ms` : `${digits(milliseconds / 1000)} s`
}

/** `14.1×`. */
export function ratioText(ratio: number): string {
  return `${digits(ratio)}×`
}

/** `13.6 to 14.6`. */
export function intervalText([low, high]: Interval, text: (value: number) => string = (value) => digits(value)): string {
  return `${text(low)} to ${text(high)}`
}

/** `62 %`. */
export function percentText(share: number): string {
  return `${digits(share * 100, 2)} %`
}

const byteUnits = [
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
] as const

/** `1.4 MB`. */
export function bytesText(bytes: number): string {
  // What three digits round up to 1000 of a unit is 1 of the next.
  for (const [unit, size] of byteUnits) if (bytes >= size * 0.9995) return `${digits(bytes / size)} ${unit}`
  return `${bytes} bytes`
}

/** A count with thin groups: `12 400`. */
export function countText(count: number): string {
  return digits(count).replace(/\B(?=(\d{3})+(?!\d))/g, ' ')
}

/** `PSNR 62.3 dB`, or what stands in its place. */
export function decibelText(psnr: number | null): string {
  return psnr === null ? 'equal' : `${digits(psnr)} dB`
}

/** A count of things: `1 block`, `3 blocks`. */
export function plural(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}

/** `macOS 15.6.1 (24G90)`, or the kernel's release where no product version is told. */
export function systemText(machine: Machine): string {
  const [version, build] = [told(machine.osVersion), told(machine.osBuild)]
  if (version === undefined) return `${machine.platform} ${machine.osRelease}`
  return `macOS ${version}${build === undefined ? '' : ` (${build})`}`
}
