/** Just enough of the WebAssembly binary format to write a small module by hand: https://webassembly.github.io/spec/core/binary/. */

export type Code = number[]

/** The part of the global `WebAssembly` that is used here (Node's type definitions do not have it). */
interface WebAssemblyHost {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule
  Memory: new (limits: { initial: number }) => WasmMemory
  Instance: new (module: WasmModule, imports: { env: { memory: WasmMemory } }) => { exports: unknown }
}
export type WasmModule = object
export interface WasmMemory {
  buffer: ArrayBuffer
}
export const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyHost }).WebAssembly

/** Value types. */
export const i32 = 0x7f
export const f64 = 0x7c

/** Unsigned LEB128. */
function unsigned(value: number): Code {
  const bytes: Code = []
  let rest = value >>> 0
  do {
    const byte = rest & 0x7f
    rest >>>= 7
    bytes.push(rest === 0 ? byte : byte | 0x80)
  } while (rest !== 0)
  return bytes
}

/** Signed LEB128. */
function signed(value: number): Code {
  const bytes: Code = []
  let rest = value | 0
  for (;;) {
    const byte = rest & 0x7f
    rest >>= 7
    const done = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)
    bytes.push(done ? byte : byte | 0x80)
    if (done) return bytes
  }
}

/** Instructions, named after the text format. */
export const op = {
  get: (local: number): Code => [0x20, ...unsigned(local)],
  set: (local: number): Code => [0x21, ...unsigned(local)],
  tee: (local: number): Code => [0x22, ...unsigned(local)],
  i32const: (value: number): Code => [0x41, ...signed(value)],
  i32load: (offset: number): Code => [0x28, 2, ...unsigned(offset)],
  i32store: (offset: number): Code => [0x36, 2, ...unsigned(offset)],
  f64load: (offset: number): Code => [0x2b, 3, ...unsigned(offset)],
  i32eqz: [0x45] as Code,
  i32add: [0x6a] as Code,
  i32sub: [0x6b] as Code,
  i32or: [0x72] as Code,
  i32xor: [0x73] as Code,
  i32shl: [0x74] as Code,
  i32shrU: [0x76] as Code,
  f64gt: [0x64] as Code,
  f64add: [0xa0] as Code,
  end: [0x0b] as Code,
  /** `loop … end` without a result; `br_if 0` inside goes on with it. */
  loop: (...body: Code[]): Code => [0x03, 0x40, ...body.flat(), 0x0b],
  /** `block … end` without a result; `br_if 0` inside leaves it. */
  block: (...body: Code[]): Code => [0x02, 0x40, ...body.flat(), 0x0b],
  brIf: (depth: number): Code => [0x0d, ...unsigned(depth)],
}

/** A function: what it takes, what it gives, how many i32 locals it has besides, its code. */
export interface WasmFunction {
  name: string
  parameters: number[]
  results: number[]
  locals: number
  code: Code
}

/** A module of functions over one imported memory, `env.memory`. */
export function moduleBytes(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()]
  const section = (id: number, body: Code): Code => [id, ...unsigned(body.length), ...body]
  const text = (value: string): Code => list(Array.from(new TextEncoder().encode(value), (byte) => [byte]))
  const types = functions.map(
    ({ parameters, results }): Code => [0x60, ...list(parameters.map((type) => [type])), ...list(results.map((type) => [type]))],
  )
  const bodies = functions.map(({ locals, code }): Code => {
    const body = [...list([[...unsigned(locals), i32]]), ...code, ...op.end]
    return [...unsigned(body.length), ...body]
  })
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(2, list([[...text('env'), ...text('memory'), 0x02, 0x00, 1]])),
    ...section(3, list(functions.map((_, index) => unsigned(index)))),
    ...section(7, list(functions.map(({ name }, index): Code => [...text(name), 0x00, ...unsigned(index)]))),
    ...section(10, list(bodies)),
  ])
}
