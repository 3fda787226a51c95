// Holds declarations of ours against Apple's, as the bindings have them.
import { findMethod } from './bindings.mjs'

/** A type as both sides write it, reduced to what the machine code depends on: the class of a pointer, the width of a number, a block. */
function ofObjC(text) {
  const type = text
    .replace(/\bconst\b/g, '')
    .replace(/\s+/g, ' ')
    .trim()
  if (/\(\s*\^/.test(type) || /Handler$|Block$/.test(type)) return 'block'
  if (/\*\s*\*$/.test(type)) return 'out'
  if (/^(id|instancetype)\b/.test(type)) return 'object'
  const pointer = /^(\w+)\s*(?:<.*>)?\s*\*$/.exec(type)
  if (pointer)
    return /^(void|char|uint8_t)$/.test(pointer[1]) ? 'pointer' : /^[A-Z]/.test(pointer[1]) ? pointer[1].replace(/Ref$/, '') : 'pointer'
  if (type.endsWith('*')) return 'pointer'
  return numbers[type] ?? type.replace(/Ref$/, '').replace(/<.*>$/, '')
}

function ofRust(text) {
  let type = text.replace(/\s+/g, ' ').trim()
  if (/DynBlock|block2::|Block</.test(type)) return 'block'
  const result = /^Result<(.*), .*>$/.exec(type)
  if (result) type = result[1]
  for (let match = true; match; ) {
    match = /^(?:Option|Retained|Allocated|CFRetained|NonNull)<(.*)>$/.exec(type)
    if (match) type = match[1].trim()
  }
  if (/^\*mut \*mut |^\*mut \*const /.test(type)) return 'out'
  type = type
    .replace(/^&\s*('\w+\s+)?(mut\s+)?/, '')
    .replace(/^\*(mut|const)\s+/, (pointer) => (/(c_void|c_char|u8)$/.test(type) ? pointer : ''))
  if (/^\*(mut|const)/.test(type) || /^(c_void|c_char)$/.test(type)) return 'pointer'
  if (/^(AnyObject|Self|ProtocolObject<)/.test(type)) return 'object'
  return numbers[type] ?? type.replace(/^\w+::/, '').replace(/<.*>$/, '')
}

const numbers = {
  void: 'void',
  '()': 'void',
  bool: 'bool',
  BOOL: 'bool',
  double: 'f64',
  f64: 'f64',
  c_double: 'f64',
  float: 'f32',
  f32: 'f32',
  c_float: 'f32',
  CGFloat: 'f64',
  NSInteger: 'isize',
  isize: 'isize',
  NSUInteger: 'usize',
  usize: 'usize',
  size_t: 'usize',
  int64_t: 'i64',
  i64: 'i64',
  'long long': 'i64',
  c_longlong: 'i64',
  int: 'i32',
  c_int: 'i32',
  i32: 'i32',
  int32_t: 'i32',
  uint32_t: 'u32',
  u32: 'u32',
  'unsigned int': 'u32',
  c_uint: 'u32',
  // Results that tell success are turned into Result<(), _>.
}

const typedStrings = /^(MLModelMetadataKey|NSString|NSErrorDomain|NSErrorUserInfoKey|CFString)$/

function same(ours, apple) {
  const [left, right] = [ofObjC(ours), ofRust(apple)]
  if (left === right) return true
  if (typedStrings.test(left) && typedStrings.test(right)) return true
  // Protocol-typed and untyped objects, and classes that one side names more closely.
  if (left === 'object' || right === 'object') return true
  // -initX answers instancetype, which the bindings spell as the class.
  return left === 'bool' && apple.includes('Result<()') ? true : left === 'pointer' && /^\*|c_void|u8/.test(apple)
}

/** Compares the declarations of one header. @returns lines that say what differs */
export function compareHeader(header, bindings, { ownTypes = new Set(), unverifiable = new Map() } = {}) {
  const problems = []
  const check = (name, problem) => {
    if (!unverifiable.has(name)) problems.push(problem)
  }
  for (const { name, methods, superclass } of header.types) {
    const apple = bindings.types.get(name)
    if (!apple) {
      if (!ownTypes.has(name)) check(name, `${name}: Apple has no such class or protocol`)
      continue
    }
    if (superclass && superclass !== 'NSObject' && apple.superclass !== superclass)
      check(name, `${name}: declared with superclass ${superclass}, Apple's is ${apple.superclass}`)
    for (const { selector, parameters, result } of methods) {
      const found = findMethod(bindings, name, selector)
      const label = `${name} ${selector}`
      if (!found) {
        check(label, `${label}: Apple has no such method`)
        continue
      }
      // A trailing NSError ** is the bindings' Result.
      const ours = /\*\s*\*$/.test(parameters.at(-1) ?? '') && /Result</.test(found.result) ? parameters.slice(0, -1) : parameters
      if (ours.length !== found.parameters.length)
        check(label, `${label}: ${ours.length} arguments, Apple's has ${found.parameters.length}`)
      else
        ours.forEach((type, index) => {
          if (!same(type, found.parameters[index]))
            check(label, `${label}: argument ${index + 1} is "${type}", Apple's is ${found.parameters[index]}`)
        })
      if (!same(result, found.result)) check(label, `${label}: gives "${result}", Apple's gives ${found.result}`)
    }
  }
  for (const [name, value] of header.constants) {
    if (!bindings.constants.has(name)) {
      check(name, `${name}: Apple has no such constant`)
      continue
    }
    const text = bindings.constants.get(name)
    if (value === undefined || text === undefined || !/^[-\s\dxXa-fA-F_|<()]+$/.test(text)) continue
    const apple = Number(new Function(`return (${text.replaceAll('_', '')})`)())
    if (apple !== value) check(name, `${name}: ${value}, Apple's is ${apple}`)
  }
  for (const [name, { parameters }] of header.functions) {
    const found = bindings.functions.get(name)
    if (!found) check(name, `${name}: Apple has no such function`)
    else if (found.parameters.length !== parameters.length)
      check(name, `${name}: ${parameters.length} arguments, Apple's has ${found.parameters.length}`)
  }
  return problems
}
