/** What a figure of operations a second was quoted for. Apple rarely says; `inferred` figures were told apart by measurements of others. */
export type TopsPrecision = 'fp16' | 'int8' | 'unstated'

/** One Apple chip with a Neural Engine. `null` is not known or not published. */
export interface Chip {
  name: string
  /** First year in a product. */
  year: number
  neuralEngineCores: number | null
  /** False where no source states the number of cores, only what its family suggests. */
  coresVerified: boolean
  /** Apple's own figure, in 10¹² operations a second; chips of different `topsPrecision` cannot be compared by it. */
  tops: number | null
  topsPrecision: TopsPrecision | null
  process: string
  devices: string
  /** False where Core ML never uses the engine. */
  coreML: boolean
}

type Row = readonly [
  name: string,
  year: number,
  cores: number | null,
  tops: number | null,
  precision: TopsPrecision | null,
  process: string,
  devices: string,
]

const rows: readonly Row[] = [
  ['A11', 2017, 2, 0.6, 'unstated', '10 nm', 'iPhone 8, 8 Plus, X'],
  ['A12', 2018, 8, 5, 'unstated', '7 nm', 'iPhone XS, XS Max, XR; iPad Air 3, mini 5, 8; Apple TV 4K (2nd)'],
  ['A12X', 2018, 8, 5, 'unstated', '7 nm', 'iPad Pro 11 (1st), 12.9 (3rd)'],
  ['A12Z', 2020, 8, 5, 'unstated', '7 nm', 'iPad Pro 11 (2nd), 12.9 (4th)'],
  ['A13', 2019, 8, null, null, '7 nm', 'iPhone 11, 11 Pro, 11 Pro Max, SE (2nd)'],
  ['A14', 2020, 16, 11, 'fp16', '5 nm', 'iPhone 12 family; iPad Air 4, 10'],
  ['A15', 2021, 16, 15.8, 'fp16', '5 nm', 'iPhone 13 family, 14, 14 Plus, SE (3rd); iPad mini 6; Apple TV 4K (3rd)'],
  ['A16', 2022, 16, 17, 'fp16', '4 nm', 'iPhone 14 Pro, 14 Pro Max, 15, 15 Plus; iPad (A16)'],
  ['A17 Pro', 2023, 16, 35, 'int8', '3 nm', 'iPhone 15 Pro, 15 Pro Max; iPad mini (A17 Pro)'],
  ['A18', 2024, 16, 35, 'int8', '3 nm', 'iPhone 16, 16 Plus, 16e'],
  ['A18 Pro', 2024, 16, 35, 'int8', '3 nm', 'iPhone 16 Pro, 16 Pro Max; MacBook Neo'],
  ['A19', 2025, 16, null, null, '3 nm', 'iPhone 17, 17e'],
  ['A19 Pro', 2025, 16, null, null, '3 nm', 'iPhone 17 Pro, 17 Pro Max, Air'],
  ['M1', 2020, 16, 11, 'fp16', '5 nm', 'MacBook Air, MacBook Pro 13, Mac mini, iMac; iPad Pro, iPad Air 5'],
  ['M1 Pro', 2021, 16, 11, 'fp16', '5 nm', 'MacBook Pro 14, 16'],
  ['M1 Max', 2021, 16, 11, 'fp16', '5 nm', 'MacBook Pro 14, 16; Mac Studio'],
  ['M1 Ultra', 2022, 32, 22, 'fp16', '5 nm', 'Mac Studio'],
  ['M2', 2022, 16, 15.8, 'fp16', '5 nm', 'MacBook Air, MacBook Pro 13, Mac mini; iPad Pro, iPad Air'],
  ['M2 Pro', 2023, 16, 15.8, 'fp16', '5 nm', 'MacBook Pro 14, 16; Mac mini'],
  ['M2 Max', 2023, 16, 15.8, 'fp16', '5 nm', 'MacBook Pro 14, 16; Mac Studio'],
  ['M2 Ultra', 2023, 32, 31.6, 'fp16', '5 nm', 'Mac Studio, Mac Pro'],
  ['M3', 2023, 16, 18, 'fp16', '3 nm', 'MacBook Air, MacBook Pro 14, iMac; iPad Air'],
  ['M3 Pro', 2023, 16, 18, 'fp16', '3 nm', 'MacBook Pro 14, 16'],
  ['M3 Max', 2023, 16, 18, 'fp16', '3 nm', 'MacBook Pro 14, 16'],
  ['M3 Ultra', 2025, 32, 36, 'fp16', '3 nm', 'Mac Studio'],
  ['M4', 2024, 16, 38, 'int8', '3 nm', 'iPad Pro; Mac mini, iMac, MacBook Air, MacBook Pro 14'],
  ['M4 Pro', 2024, 16, 38, 'int8', '3 nm', 'MacBook Pro 14, 16; Mac mini'],
  ['M4 Max', 2024, 16, 38, 'int8', '3 nm', 'MacBook Pro 14, 16; Mac Studio'],
  ['M5', 2025, 16, null, null, '3 nm', 'MacBook Pro 14; iPad Pro'],
  ['M5 Pro', 2026, 16, null, null, '3 nm', 'MacBook Pro 14, 16'],
  ['M5 Max', 2026, 16, null, null, '3 nm', 'MacBook Pro 14, 16; Mac Studio'],
  ['M5 Ultra', 2026, 32, null, null, '3 nm', 'Mac Studio'],
]

/** Chips whose engine Core ML cannot use. */
const withoutCoreML = new Set(['A11'])
/** Chips whose number of cores follows from their family alone. */
const presumed = new Set(['M5 Ultra'])

/**
 * Every Apple chip with a Neural Engine in a phone, a tablet or a Mac, oldest family first. `tops` is what Apple quotes. Up to A16 and M3 it equals the
 * half-precision speed that others measured, from A17 Pro and M4 on the 8-bit one: 38 on an M4 is not twice the 18 of an M3.
 */
export const chips: readonly Chip[] = rows.map(([name, year, neuralEngineCores, tops, topsPrecision, process, devices]) => ({
  name,
  year,
  neuralEngineCores,
  coresVerified: !presumed.has(name),
  tops,
  topsPrecision,
  process,
  devices,
  coreML: !withoutCoreML.has(name),
}))
