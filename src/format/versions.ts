/** The first operating systems that take a specification version. */
export interface SystemRequirements {
  macOS: string
  iOS: string
  tvOS: string
  watchOS: string
}

/** By specification version, from 1. */
const requirements: readonly SystemRequirements[] = [
  { macOS: '10.13', iOS: '11.0', tvOS: '11.0', watchOS: '4.0' },
  { macOS: '10.13.2', iOS: '11.2', tvOS: '11.2', watchOS: '4.2' },
  { macOS: '10.14', iOS: '12.0', tvOS: '12.0', watchOS: '5.0' },
  { macOS: '10.15', iOS: '13.0', tvOS: '13.0', watchOS: '6.0' },
  { macOS: '11.0', iOS: '14.0', tvOS: '14.0', watchOS: '7.0' },
  { macOS: '12.0', iOS: '15.0', tvOS: '15.0', watchOS: '8.0' },
  { macOS: '13.0', iOS: '16.0', tvOS: '16.0', watchOS: '9.0' },
  { macOS: '14.0', iOS: '17.0', tvOS: '17.0', watchOS: '10.0' },
  { macOS: '15.0', iOS: '18.0', tvOS: '18.0', watchOS: '11.0' },
  { macOS: '26.0', iOS: '26.0', tvOS: '26.0', watchOS: '26.0' },
]

/** The first operating systems that take models of a specification version; null for versions newer than this library knows. */
export function systemRequirements(specificationVersion: number): SystemRequirements | null {
  return requirements[specificationVersion - 1] ?? null
}
