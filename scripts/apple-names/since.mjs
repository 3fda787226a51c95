// Reads from @nativescript/types-ios since which iOS each declaration of Core ML is there.

/**
 * @typedef {{ since: Map<string, string>, values: Map<string, number> }} Since
 * since: by the name of a class, protocol, function or constant, and by `Class member`, where the member is a property or a selector whose parts are
 * joined as JavaScript does: predictionFromFeatures:options:error: is predictionFromFeaturesOptionsError. values: of enumerations' members, by the full name
 */

/** The name of a selector there. */
export function joined(selector) {
  const [first, ...rest] = selector.split(':')
  return first + rest.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('')
}

/** @returns {Since} */
export function readSince(text) {
  const since = new Map()
  const values = new Map()
  // What stands between a declaration's braces; undefined outside.
  let inside
  let version
  for (const line of text.split('\n')) {
    const note = /^\s*\* @since ([\d.]+)/.exec(line)
    if (note) version = note[1]
    // A comment opens anew, or is still open: the declaration comes after it.
    if (/^\s*(\/\*\*|\*)/.test(line)) continue
    const declared = /^(?:declare )?(class|interface|const enum|function|var) (\w+)/.exec(line)
    if (declared) {
      const [, kind, name] = declared
      // A protocol is declared twice, without a note the second time.
      if (version) since.set(name, version)
      if (line.endsWith('{')) inside = { kind, name }
    } else if (line === '}' || line === '};') inside = undefined
    else if (inside?.kind === 'const enum') {
      const member = /^\s+(\w+) = (-?\d+)/.exec(line)
      if (member) values.set(`${inside.name}${member[1]}`, Number(member[2]))
    } else if (inside && line.trim()) {
      const member = /^\s+(?:static )?(?:readonly )?(\w+)\??[(:]/.exec(line)
      // A member without a note of its own is as old as its class.
      if (member && member[1] !== 'constructor') since.set(`${inside.name} ${member[1]}`, version ?? since.get(inside.name))
    }
    if (line.trim()) version = undefined
  }
  return { since, values }
}
