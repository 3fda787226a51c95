// The Node side of the conformance tests: loads models and predicts, as asked over stdin and stdout.
// A message is a line of JSON, followed by as many bytes as its `size` says: the arrays of its values, at their offsets.
const { Model } = await import(process.argv[2])

const models = new Map()
const states = new Map()
let next = 1

const arrays = {
  float64: Float64Array,
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  float16: globalThis.Float16Array ?? Uint16Array,
}

function fromWire(value, body) {
  if (value.kind === 'map') return new Map(value.entries)
  if (value.kind === 'plain') return value.value
  const bytes = body.subarray(value.offset, value.offset + value.length)
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  const data = new arrays[value.type](buffer)
  if (value.kind === 'image') return { width: value.width, height: value.height, format: value.format, data }
  return { type: value.type, dims: value.dims, data }
}

function toWire(value, parts, type) {
  const add = (data) => {
    const offset = parts.reduce((sum, part) => sum + part.length, 0)
    parts.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
    return { offset, length: data.byteLength }
  }
  if (value instanceof Map) return { kind: 'map', entries: [...value].map(([key, entry]) => [plain(key), plain(entry)]) }
  if (Array.isArray(value)) return { kind: 'plain', value: value.map((each) => plain(each)) }
  if (typeof value !== 'object') return { kind: 'plain', value: plain(value, type) }
  if ('dims' in value) return { kind: 'tensor', type: value.type, dims: [...value.dims], ...add(value.data) }
  const { width, height, format } = value
  return { kind: 'image', width, height, format, ...add(value.data) }
}

/** Numbers that JSON has no words for, whole ones of floating point among them, travel as text, marked. */
function plain(value, type) {
  if (typeof value === 'bigint') return { integer: String(value) }
  return typeof value === 'number' && (type === 'double' || !Number.isFinite(value)) ? { number: String(value) } : value
}

const all = (values, change) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))

function outputsToWire(model, outputs, parts) {
  const types = new Map(model.outputs.map(({ name, type }) => [name, type]))
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, toWire(value, parts, types.get(name))]))
}

const commands = {
  async load({ path, functionName }) {
    const model = await Model.load(path, { backend: 'portable', computeUnits: 'cpuOnly', ...(functionName && { functionName }) })
    models.set(next, model)
    return { id: next++ }
  },
  async unload({ id }) {
    await models.get(id)?.dispose()
    models.delete(id)
    return {}
  },
  async predict({ id, inputs, state }, body, parts) {
    const options = state ? { state: states.get(state) } : {}
    const model = models.get(id)
    const outputs = await model.predict(
      all(inputs, (value) => fromWire(value, body)),
      options,
    )
    return { outputs: outputsToWire(model, outputs, parts) }
  },
  async predictBatch({ id, batch }, body, parts) {
    const model = models.get(id)
    const results = await model.predictBatch(batch.map((inputs) => all(inputs, (value) => fromWire(value, body))))
    return { batch: results.map((outputs) => outputsToWire(model, outputs, parts)) }
  },
  async newState({ id }) {
    states.set(next, models.get(id).newState())
    return { id: next++ }
  },
  async readState({ id, name }, _body, parts) {
    return { value: toWire(await states.get(id).read(name), parts) }
  },
  async writeState({ id, name, value }, body) {
    await states.get(id).write(name, fromWire(value, body))
    return {}
  },
}

async function answer(message, body) {
  const parts = []
  let reply
  try {
    reply = await commands[message.command](message, body, parts)
  } catch (error) {
    parts.length = 0
    reply = { error: error.code ? `${error.code}: ${error.message}` : String(error.stack) }
  }
  const bytes = Buffer.concat(parts)
  process.stdout.write(`${JSON.stringify({ ...reply, size: bytes.length })}\n`)
  process.stdout.write(bytes)
}

// Chunks are joined when a whole message is there: a body may have a gigabyte, and joining each would copy it thousands of times.
let chunks = []
let held = 0
let needed = 1
for await (const chunk of process.stdin) {
  chunks.push(chunk)
  held += chunk.length
  if (held < needed) continue
  let pending = Buffer.concat(chunks)
  needed = 1
  for (;;) {
    const end = pending.indexOf(10)
    if (end < 0) break
    const message = JSON.parse(pending.subarray(0, end).toString())
    const total = end + 1 + message.size
    if (pending.length < total) {
      needed = total
      break
    }
    const body = pending.subarray(end + 1, total)
    pending = pending.subarray(total)
    await answer(message, body)
  }
  chunks = [pending]
  held = pending.length
}
for (const model of models.values()) await model.dispose()
