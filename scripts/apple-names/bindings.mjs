// Reads what Apple declares from the generated bindings: classes and protocols with their methods, functions, constants.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {{ parameters: string[], result: string }} Signature Rust types, `self` left out
 * @typedef {{ superclass: string | undefined, conforms: Set<string>, methods: Map<string, Signature> }} Type
 * @typedef {{ types: Map<string, Type>, functions: Map<string, Signature>, constants: Map<string, string | undefined> }} Bindings
 */

/** The text between the bracket at `start` and the one that closes it. */
function bracketed(text, start) {
  const open = text[start]
  const close = { '(': ')', '{': '}', '[': ']', '<': '>' }[open]
  let depth = 0
  for (let i = start; i < text.length; i++) {
    if (text[i] === open) depth++
    else if (text[i] === close && !(close === '>' && text[i - 1] === '-') && --depth === 0) return text.slice(start + 1, i)
  }
  return text.slice(start + 1)
}

/** Splits at commas that stand in no bracket. */
function splitList(text) {
  const parts = []
  let depth = 0
  let part = ''
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if ('([{<'.includes(c)) depth++
    else if (')]}'.includes(c) || (c === '>' && text[i - 1] !== '-')) depth--
    if (c === ',' && depth === 0) {
      parts.push(part.trim())
      part = ''
    } else part += c
  }
  if (part.trim()) parts.push(part.trim())
  return parts
}

/** The signature of the function whose `fn` stands at `start`. */
export function signatureAt(text, start) {
  let at = text.indexOf('(', start)
  const generics = text.indexOf('<', start)
  if (generics >= 0 && generics < at) at = text.indexOf('(', generics + bracketed(text, generics).length + 2)
  const list = bracketed(text, at)
  const rest = text.slice(at + list.length + 2)
  const result = /^\s*->\s*([^;{]+?)\s*(?:where[^;{]*)?[;{]/.exec(rest)?.[1] ?? '()'
  const parameters = splitList(list)
    .filter((parameter) => !/^(&\s*(mut\s+)?self|this:|self\b|_this:|mtm:)/.test(parameter))
    .map((parameter) => parameter.slice(parameter.indexOf(':') + 1).trim())
  return { parameters, result }
}

function typeNamed(bindings, name) {
  let type = bindings.types.get(name)
  if (!type) {
    type = { superclass: undefined, conforms: new Set(), methods: new Map() }
    bindings.types.set(name, type)
  }
  return type
}

function readMethods(body, type) {
  for (const match of body.matchAll(/#\[unsafe\(method\(([^)\s]+)\)\)\]/g)) {
    const start = body.indexOf('fn ', match.index)
    type.methods.set(match[1].replace(/:_$/, ':'), signatureAt(body, start))
  }
}

function readFile(text, bindings) {
  const source = text.replace(/^\s*\/\/.*$/gm, '')
  for (const match of source.matchAll(/extern_class!\(/g)) {
    const body = bracketed(source, match.index + match[0].length - 1)
    const name = /pub struct (\w+)/.exec(body)?.[1]
    if (name) typeNamed(bindings, name).superclass = /super\((\w+)/.exec(body)?.[1]
  }
  for (const match of source.matchAll(/unsafe impl(?:<[^{]*?>)?\s+(\w+) for (\w+)/g)) typeNamed(bindings, match[2]).conforms.add(match[1])
  for (const match of source.matchAll(/extern_protocol!\(/g)) {
    const body = bracketed(source, match.index + match[0].length - 1)
    const declared = /pub unsafe trait (\w+)([^{]*)\{/.exec(body)
    if (!declared) continue
    const name = /#\[name = "(\w+)"\]/.exec(body)?.[1] ?? declared[1]
    const type = typeNamed(bindings, name)
    for (const parent of declared[2].matchAll(/\w+/g)) type.conforms.add(parent[0])
    readMethods(body, type)
  }
  for (const match of source.matchAll(/^impl(?:<[^{]*?>)?\s+(\w+)(?:<[^{]*>)?\s*\{/gm)) {
    readMethods(bracketed(source, match.index + match[0].length - 1), typeNamed(bindings, match[1]))
  }
  // Categories become traits that are implemented for their class.
  for (const match of source.matchAll(/extern_category!\(|pub unsafe trait \w+\s*:\s*\n?\s*ClassType/g)) {
    const body = match[0].startsWith('extern_category') ? bracketed(source, match.index + match[0].length - 1) : ''
    const owner = /unsafe impl \w+ for (\w+)/.exec(body)?.[1]
    if (owner) readMethods(body, typeNamed(bindings, owner))
  }
  for (const match of source.matchAll(/\bfn (\w+)\s*\(/g)) {
    if (!bindings.functions.has(match[1])) bindings.functions.set(match[1], signatureAt(source, match.index))
  }
  for (const match of source.matchAll(/pub (?:static|const) (\w+): [^=;]+(?:=\s*([^;]+))?;/g)) bindings.constants.set(match[1], match[2])
  for (const match of source.matchAll(/#\[doc\(alias = "(\w+)"\)\]\s*pub const \w+: Self = Self\(([^)]*)\)/g))
    bindings.constants.set(match[1], match[2])
  for (const match of source.matchAll(/#\[doc\(alias = "(\w+)"\)\]\s*const \w+ = ([^;]+);/g)) bindings.constants.set(match[1], match[2])
}

/** @returns {Bindings} everything that the crates below `folder` declare */
export function readBindings(folder) {
  const bindings = { types: new Map(), functions: new Map(), constants: new Map() }
  for (const crate of readdirSync(folder).filter((name) => name.startsWith('objc2'))) {
    for (const entry of readdirSync(join(folder, crate, 'src'), { withFileTypes: true, recursive: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.rs')) continue
      readFile(readFileSync(join(entry.parentPath ?? entry.path, entry.name), 'utf8'), bindings)
    }
  }
  return bindings
}

/** The signature of a selector on a type, its superclasses and protocols. */
export function findMethod(bindings, typeName, selector, seen = new Set()) {
  if (seen.has(typeName)) return undefined
  seen.add(typeName)
  const type = bindings.types.get(typeName)
  if (!type) return undefined
  const own = type.methods.get(selector)
  if (own) return own
  for (const parent of [type.superclass, ...type.conforms]) {
    const found = parent && findMethod(bindings, parent, selector, seen)
    if (found) return found
  }
  return undefined
}
