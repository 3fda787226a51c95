// Reads what our own headers declare in Apple's name: the stand-in's headers and newer_api.h. They are ours, so a small reader does.

/**
 * @typedef {{ selector: string, parameters: string[], result: string }} Method
 * @typedef {{ name: string, kind: 'class' | 'protocol', superclass: string | undefined, methods: Method[] }} TypeDeclaration
 */

export function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/\/\/.*$/gm, '')
}

/** Attributes and macros that say nothing about the type. */
const noise =
  /\b(API_AVAILABLE|NS_SWIFT_NAME|NS_SWIFT_SENDABLE|NS_DESIGNATED_INITIALIZER|__attribute__)\s*(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?|\bNS_NOESCAPE\b|\b_?_?(nullable|nonnull|Nullable|Nonnull|Null_unspecified)\b|\b__(?:strong|autoreleasing|unsafe_unretained)\b/g

function clean(text) {
  return text.replace(noise, ' ').replace(/\s+/g, ' ').trim()
}

/** `(type)` at the start of `text`, and what follows it. */
function leadingType(text) {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++
    else if (text[i] === ')' && --depth === 0) return { type: clean(text.slice(1, i)), rest: text.slice(i + 1).trim() }
  }
  throw new Error(`no type at: ${text}`)
}

function readMethod(text) {
  const { type: result, rest } = leadingType(text.slice(1).trim())
  const parameters = []
  let selector = ''
  let remaining = rest
  for (;;) {
    const part = /^(\w*)\s*:\s*/.exec(remaining)
    if (!part) break
    const { type, rest: after } = leadingType(remaining.slice(part[0].length))
    selector += `${part[1]}:`
    parameters.push(type)
    remaining = after.replace(/^\w+\s*/, '')
  }
  return { selector: selector || /^\w+/.exec(rest)[0], parameters, result }
}

function readProperty(text) {
  const match = /^@property\s*(?:\(([^)]*)\))?\s*([\s\S]*?)(\w+)$/.exec(clean(text))
  const attributes = (match[1] ?? '').split(',').map((attribute) => attribute.trim())
  const name = match[3]
  const getter = attributes
    .find((attribute) => attribute.startsWith('getter='))
    ?.slice('getter='.length)
    .trim()
  const type = match[2].trim()
  const methods = [{ selector: getter ?? name, parameters: [], result: type }]
  if (!attributes.includes('readonly'))
    methods.push({ selector: `set${name[0].toUpperCase()}${name.slice(1)}:`, parameters: [type], result: 'void' })
  return methods
}

/** The methods of one declaration in a class: one, or a property's getter and setter. @returns {Method[]} */
export function readMember(declaration) {
  return declaration.startsWith('@property') ? readProperty(declaration) : [readMethod(clean(declaration))]
}

/** Numbers, sums of bits and shifts, as the headers write enumerations. */
function evaluate(expression) {
  return /^[\s\d\wxX|<()+-]+$/.test(expression) && !/[g-wyzG-WYZ_]/.test(expression.replace(/0[xX]/g, ''))
    ? Number(new Function(`return (${expression})`)())
    : undefined
}

/** Everything that a header declares. */
export function readHeader(text) {
  const source = withoutComments(text).replace(/@(protocol|class)\s+[\w\s,]+;/g, '')
  /** @type {TypeDeclaration[]} */
  const types = []
  for (const match of source.matchAll(/@(interface|protocol)\s+(\w+)(?:<[^>]*>)?\s*(?::\s*(\w+))?([\s\S]*?)@end/g)) {
    const body = match[4].replace(/^[^\n]*\{[\s\S]*?\n\}/, '')
    const methods = []
    // A declaration ends with a semicolon; those of instance variables went with the braces above.
    for (const piece of body.split(';')) {
      const start = piece.search(/^\s*[-+]\s*\(|@property/m)
      if (start < 0) continue
      methods.push(...readMember(piece.slice(start).trim()))
    }
    types.push({ name: match[2], kind: match[1] === 'protocol' ? 'protocol' : 'class', superclass: match[3], methods })
  }
  const outside = source.replace(/@(interface|protocol)\s[\s\S]*?@end/g, '')
  const constants = new Map()
  for (const match of outside.matchAll(/enum\s*(?:\(([^)]*)\))?[^{;]*\{([^}]*)\}|NS_(?:ENUM|OPTIONS)\([^)]*\)\s*\{([^}]*)\}/g)) {
    for (const member of (match[2] ?? match[3] ?? '').split(',')) {
      const parts = /^\s*(\w+)\s*(?:[^=]*)=\s*(.+?)\s*$/s.exec(member.replace(noise, ' '))
      if (parts) constants.set(parts[1], evaluate(parts[2]))
    }
  }
  for (const match of outside.matchAll(/static const \w+ (\w+) = (?:\(\w+\))?\s*([^;]+);/g)) constants.set(match[1], evaluate(match[2]))
  for (const match of outside.matchAll(/(?:FOUNDATION_EXPORT|extern)\s+[^;()]*?(\w+)\s*(?:API_AVAILABLE\([^;]*\))?;/g))
    constants.set(match[1], undefined)
  const functions = new Map()
  for (const match of clean(outside.replace(/^\s*#.*$/gm, '').replace(/extern "C" \{/g, ' ')).matchAll(
    /(?:^|[;}{])\s*(?:FOUNDATION_EXPORT |extern |static inline )*((?:const )?\w[\w<> ]*?[\s*]+)(\w+)\(([^;{}]*)\)\s*(?=;)/g,
  )) {
    if (match[1].includes('typedef') || match[1].trim() === 'return') continue
    const list = match[3].trim()
    functions.set(match[2], {
      parameters: list === '' || list === 'void' ? [] : list.split(/,(?![^(]*\))/).map((parameter) => parameter.trim()),
      result: match[1].trim(),
    })
  }
  return { types, constants, functions }
}
