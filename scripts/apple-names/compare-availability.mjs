// Holds the versions in our declarations against those of @nativescript/types-ios.
import { joined } from './since.mjs'

/** The macOS that came with an iOS, as Apple's release notes of the SDKs pair them: Core ML is one source for both. */
const macosOfIos = new Map([
  ['16.0', '13.0'],
  ['17.0', '14.0'],
  ['17.4', '14.4'],
  ['18.0', '15.0'],
  ['26.0', '26.0'],
])

/** The oldest iOS that the addon is built for: what is as old needs no version of its own. */
const floor = 16

function sinceOf({ name, owner, selector }, since) {
  if (!owner) return since.get(name)
  // A property goes by its own name there, whatever its getter is called.
  const property = selector.replace(/^is([A-Z])/, (_, letter) => letter.toLowerCase())
  return since.get(`${owner} ${joined(selector)}`) ?? since.get(`${owner} ${property}`)
}

/**
 * @param {import('./availability.mjs').Availability[]} declared
 * @param {Map<string, string>} since
 * @param {Set<string>} elsewhere names whose version the package does not carry
 * @returns lines that say what differs
 */
export function compareAvailability(declared, since, elsewhere = new Set()) {
  const problems = []
  for (const declaration of declared) {
    const { name, macos, ios } = declaration
    const apple = sinceOf(declaration, since)
    if (elsewhere.has(name)) {
      if (apple) problems.push(`${name}: listed as not carried, but it is: ${apple}`)
    } else if (!apple) problems.push(`${name}: not carried`)
    else if (!ios) {
      if (Number(apple) > floor) problems.push(`${name}: declared without a version, Apple's is iOS ${apple}`)
    } else if (ios !== apple) problems.push(`${name}: iOS ${ios}, Apple's is ${apple}`)
    else if (macos !== macosOfIos.get(ios)) problems.push(`${name}: macOS ${macos} with iOS ${ios}, Apple's is ${macosOfIos.get(ios)}`)
  }
  return problems
}
