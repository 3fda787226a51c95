// Reads the API_AVAILABLE of every declaration in a header of ours.
import { readMember, withoutComments } from './declarations.mjs'

/** @typedef {{ name: string, owner?: string, selector?: string, macos: string | undefined, ios: string | undefined }} Availability */

const attribute = /API_AVAILABLE\(macos\(([\d.]+)\), ios\(([\d.]+)\)\)/

function versionsIn(text) {
  const found = attribute.exec(text)
  return { macos: found?.[1], ios: found?.[2] }
}

/** Types, their members, functions, enumerations and constants, in no order. @returns {Availability[]} */
export function readAvailability(text) {
  const source = withoutComments(text)
    .replace(/^\s*#.*$/gm, '')
    .replace(/@(protocol|class)\s+[\w\s,]+;/g, '')
  const found = []
  const types = /((?:API_AVAILABLE\([^;@{}]*\)\s*)?)@(interface|protocol)\s+(\w+)([^\n]*)\n([\s\S]*?)@end/g
  for (const [, before, , owner, heading, body] of source.matchAll(types)) {
    const ofType = versionsIn(before)
    const isCategory = /^\s*\(/.test(heading)
    if (!isCategory) found.push({ name: owner, ...ofType })
    for (const piece of body.split(';')) {
      const start = piece.search(/^\s*[-+]\s*\(|@property/m)
      if (start < 0) continue
      const own = versionsIn(piece)
      const versions = own.macos || isCategory ? own : ofType
      // A property's getter stands for its setter too.
      const { selector } = readMember(piece.slice(start).trim())[0]
      found.push({ name: `${owner} ${selector}`, owner, selector, ...versions })
    }
  }
  const outside = source.replace(types, '')
  for (const [, name, , versions] of outside.matchAll(/NS_(?:ENUM|OPTIONS)\(\w+, (\w+)\)\s*\{([^}]*)\}([^;]*);/g))
    found.push({ name, ...versionsIn(versions) })
  for (const [, name, versions] of outside.matchAll(/FOUNDATION_EXPORT\s+[^;()]*?(\w+)\s*(?:\([^()]*\))?\s*((?:API_AVAILABLE[^;]*)?);/g))
    found.push({ name, ...versionsIn(versions) })
  for (const [, name] of outside.matchAll(/static const \w+ (\w+) =/g)) found.push({ name, macos: undefined, ios: undefined })
  return found
}
