import type { Input, MilBuilder, Ref } from './mil-builder.ts'

/** How large a family's model is made: `heavy` for measuring, `tiny` for checking that it computes what it should. */
export type Scale = 'heavy' | 'tiny'

const ints = (...values: number[]): Input => ({ ints: values })
const int = (value: number): Input => ({ ints: [value], scalar: true })
const float = (value: number): Input => ({ float: value })
const yes: Input = { bool: true }
const no: Input = { bool: false }

/** Convolution with bias over [1, channels, height, width]; He-scaled, so that what follows a ReLU keeps its size. */
function conv(b: MilBuilder, x: Ref, channels: number, kernel: number, stride = 1, gain = 1): Ref {
  const [, inputs = 0, height = 0, width = 0] = x.dims
  const pad = (kernel - 1) / 2
  const weight = b.weight([channels, inputs, kernel, kernel], gain * Math.sqrt(2 / (inputs * kernel * kernel)))
  const settings = {
    strides: ints(stride, stride),
    pad_type: { text: 'custom' },
    pad: ints(pad, pad, pad, pad),
    dilations: ints(1, 1),
    groups: int(1),
  }
  const size = (length: number) => Math.floor((length + 2 * pad - kernel) / stride) + 1
  return b.op('conv', { x, weight, bias: b.weight([channels], 0.01), ...settings }, [1, channels, size(height), size(width)])
}

const same = (b: MilBuilder, type: string, x: Ref): Ref => b.op(type, { x }, x.dims)
const add = (b: MilBuilder, x: Ref, y: Ref): Ref => b.op('add', { x, y }, x.dims)

function linear(b: MilBuilder, x: Ref, outputs: number, gain = 1): Ref {
  const inputs = x.dims.at(-1)!
  const weight = b.weight([outputs, inputs], gain / Math.sqrt(inputs))
  return b.op('linear', { x, weight, bias: b.weight([outputs], 0.01) }, [...x.dims.slice(0, -1), outputs])
}

function layerNorm(b: MilBuilder, x: Ref): Ref {
  const width = x.dims.at(-1)!
  return b.op(
    'layer_norm',
    { x, axes: ints(-1), gamma: b.weight([width], 0.02, 1), beta: b.weight([width], 0.02), epsilon: float(1e-4) },
    x.dims,
  )
}

/** A residual block of three convolutions that narrows in the middle; the last is small, so that sums do not grow. */
function bottleneck(b: MilBuilder, x: Ref, channels: number, stride: number): Ref {
  const inner = same(b, 'relu', conv(b, same(b, 'relu', conv(b, x, channels / 4, 1)), channels / 4, 3, stride))
  const way = conv(b, inner, channels, 1, 1, 0.2)
  const skip = x.dims[1] === channels && stride === 1 ? x : conv(b, x, channels, 1, stride, 0.7)
  return same(b, 'relu', add(b, way, skip))
}

function cnn(b: MilBuilder, scale: Scale): void {
  const [size, depths, widths] = scale === 'heavy' ? [224, [3, 4, 6, 3], [256, 512, 1024, 2048]] : [32, [1, 1], [16, 32]]
  let x = same(b, 'relu', conv(b, b.input('image', [1, 3, size, size]), widths[0]! / 4, 7, 4))
  for (const [stage, depth] of depths.entries())
    for (let i = 0; i < depth; i++) x = bottleneck(b, x, widths[stage]!, i === 0 && stage > 0 ? 2 : 1)
  const mean = b.op('reduce_mean', { x, axes: ints(2, 3), keep_dims: no }, [1, x.dims[1]!])
  b.output(linear(b, mean, scale === 'heavy' ? 1000 : 10), 'logits')
}

/** [1, length, heads·width] to [1, heads, length, width]. */
function splitHeads(b: MilBuilder, x: Ref, heads: number): Ref {
  const [, length = 0, width = 0] = x.dims
  const parts = b.op('reshape', { x, shape: ints(1, length, heads, width / heads) }, [1, length, heads, width / heads])
  return b.op('transpose', { x: parts, perm: ints(0, 2, 1, 3) }, [1, heads, length, width / heads])
}

function attend(b: MilBuilder, query: Ref, key: Ref, value: Ref): Ref {
  const [, heads = 0, length = 0, width = 0] = query.dims
  const scores = b.op('matmul', { x: query, y: key, transpose_x: no, transpose_y: yes }, [1, heads, length, key.dims[2]!])
  const scaled = b.op('mul', { x: scores, y: float(1 / Math.sqrt(width)) }, scores.dims)
  const weights = b.op('softmax', { x: scaled, axis: int(-1) }, scores.dims)
  const mixed = b.op('matmul', { x: weights, y: value, transpose_x: no, transpose_y: no }, query.dims)
  const back = b.op('transpose', { x: mixed, perm: ints(0, 2, 1, 3) }, [1, length, heads, width])
  return b.op('reshape', { x: back, shape: ints(1, length, heads * width) }, [1, length, heads * width])
}

function feedForward(b: MilBuilder, x: Ref): Ref {
  const width = x.dims.at(-1)!
  const inner = linear(b, layerNorm(b, x), 4 * width)
  return add(b, x, linear(b, b.op('gelu', { x: inner, mode: { text: 'EXACT' } }, inner.dims), width, 0.3))
}

function transformer(b: MilBuilder, scale: Scale): void {
  const [length, width, heads, layers] = scale === 'heavy' ? [128, 768, 12, 8] : [6, 16, 2, 2]
  let x = b.input('embeddings', [1, length, width])
  for (let layer = 0; layer < layers; layer++) {
    const normal = layerNorm(b, x)
    const [query, key, value] = [0, 1, 2].map(() => splitHeads(b, linear(b, normal, width), heads))
    x = feedForward(b, add(b, x, linear(b, attend(b, query!, key!, value!), width, 0.3)))
  }
  b.output(layerNorm(b, x), 'hidden')
}

/** Recurrent ops compute in float32, as Core ML's converter writes them. */
function recurrentInput(b: MilBuilder, length: number, width: number): Ref {
  const x = b.input('sequence', [length, 1, width])
  return b.op('cast', { x, dtype: { text: 'fp32' } }, x.dims, 'float32')
}

function recurrentOutput(b: MilBuilder, x: Ref): void {
  b.output(b.op('cast', { x, dtype: { text: 'fp16' } }, x.dims), 'output')
}

function lstm(b: MilBuilder, scale: Scale): void {
  const [length, width, hidden, layers] = scale === 'heavy' ? [64, 512, 1024, 2] : [5, 4, 6, 2]
  let x = recurrentInput(b, length, width)
  for (let layer = 0; layer < layers; layer++) {
    const inputs = {
      x,
      initial_h: b.weight([1, hidden], 0, 0, 'float32'),
      initial_c: b.weight([1, hidden], 0, 0, 'float32'),
      weight_ih: b.weight([4 * hidden, x.dims[2]!], 1 / Math.sqrt(x.dims[2]!), 0, 'float32'),
      weight_hh: b.weight([4 * hidden, hidden], 0.5 / Math.sqrt(hidden), 0, 'float32'),
      bias: b.weight([4 * hidden], 0.1, 0, 'float32'),
      direction: { text: 'forward' },
      output_sequence: yes,
      recurrent_activation: { text: 'sigmoid' },
      cell_activation: { text: 'tanh' },
      activation: { text: 'tanh' },
    }
    const last = { dims: [1, hidden], type: 'float32' } as const
    x = b.ops('lstm', inputs, [{ dims: [length, 1, hidden], type: 'float32' }, last, last])[0]!
  }
  recurrentOutput(b, x)
}

function rnn(b: MilBuilder, scale: Scale): void {
  const [length, width, hidden] = scale === 'heavy' ? [64, 1024, 2048] : [5, 4, 6]
  const x = recurrentInput(b, length, width)
  const inputs = {
    x,
    initial_h: b.weight([1, hidden], 0, 0, 'float32'),
    weight_ih: b.weight([hidden, width], 1 / Math.sqrt(width), 0, 'float32'),
    weight_hh: b.weight([hidden, hidden], 0.5 / Math.sqrt(hidden), 0, 'float32'),
    bias: b.weight([hidden], 0.1, 0, 'float32'),
    direction: { text: 'forward' },
    output_sequence: yes,
    activation: { text: 'tanh' },
  }
  const outputs = [
    { dims: [length, 1, hidden], type: 'float32' },
    { dims: [1, hidden], type: 'float32' },
  ] as const
  recurrentOutput(b, b.ops('rnn', inputs, outputs)[0]!)
}

function upsample(b: MilBuilder, x: Ref): Ref {
  const [, channels = 0, height = 0, width = 0] = x.dims
  const twice: Input = { float: 2, wide: true }
  return b.op('upsample_nearest_neighbor', { x, scale_factor_height: twice, scale_factor_width: twice }, [
    1,
    channels,
    2 * height,
    2 * width,
  ])
}

function concatChannels(b: MilBuilder, x: Ref, y: Ref): Ref {
  const dims = [1, x.dims[1]! + y.dims[1]!, x.dims[2]!, x.dims[3]!]
  return b.op('concat', { values: [x, y], axis: int(1), interleave: no }, dims)
}

function detector(b: MilBuilder, scale: Scale): void {
  const [size, widths, anchors] = scale === 'heavy' ? [416, [64, 128, 256, 512, 1024], 255] : [32, [8, 8, 16], 6]
  let x = same(b, 'relu', conv(b, b.input('image', [1, 3, size, size]), widths[0]! / 2, 3))
  const levels: Ref[] = []
  for (const width of widths) {
    x = bottleneck(b, same(b, 'relu', conv(b, x, width, 3, 2)), width, 1)
    x = bottleneck(b, x, width, 1)
    levels.push(x)
  }
  const [middle, last] = [levels.at(-2)!, levels.at(-1)!]
  b.output(conv(b, last, anchors, 1), 'large')
  const up = upsample(b, same(b, 'relu', conv(b, last, middle.dims[1]! / 2, 1)))
  b.output(conv(b, same(b, 'relu', conv(b, concatChannels(b, up, middle), middle.dims[1]!, 3)), anchors, 1), 'small')
}

function diffusion(b: MilBuilder, scale: Scale): void {
  const [size, widths] = scale === 'heavy' ? [64, [128, 256, 512, 512]] : [8, [8, 16]]
  const latents = b.input('latents', [1, 4, size, size])
  const time = b.input('time', [1, widths[0]!])
  const block = (x: Ref, width: number) => {
    const inner = same(b, 'silu', conv(b, x, width, 3))
    const moment = linear(b, time, width, 0.5)
    const shift = b.op('reshape', { x: moment, shape: ints(1, width, 1, 1) }, [1, width, 1, 1])
    return add(b, conv(b, same(b, 'silu', add(b, inner, shift)), width, 3, 1, 0.5), conv(b, x, width, 1, 1, 0.6))
  }
  let x = conv(b, latents, widths[0]!, 3)
  const skips: Ref[] = []
  for (const [level, width] of widths.entries()) {
    x = block(x, width)
    skips.push(x)
    if (level < widths.length - 1) x = conv(b, x, width, 3, 2)
  }
  x = block(x, widths.at(-1)!)
  for (let level = widths.length - 1; level >= 0; level--) {
    x = block(concatChannels(b, x, skips[level]!), widths[level]!)
    if (level > 0) x = upsample(b, x)
  }
  b.output(conv(b, x, 4, 3, 1, 0.7), 'noise')
}

function decoder(b: MilBuilder, scale: Scale): void {
  const [length, width, heads, layers] = scale === 'heavy' ? [256, 768, 12, 8] : [6, 16, 2, 2]
  const each = width / heads
  let x = b.input('embedding', [1, 1, width])
  const position = b.input('position', [1], 'int32')
  const next = b.op('add', { x: position, y: ints(1) }, [1], 'int32')
  const begin = b.op('concat', { values: [b.ints([0, 0]), position, b.ints([0])], axis: int(0), interleave: no }, [4], 'int32')
  const end = b.op('concat', { values: [b.ints([1, heads]), next, b.ints([each])], axis: int(0), interleave: no }, [4], 'int32')
  for (let layer = 0; layer < layers; layer++) {
    const normal = layerNorm(b, x)
    const [query, key, value] = [0, 1, 2].map(() => splitHeads(b, linear(b, normal, width), heads))
    const remember = (name: string, update: Ref) => {
      const state = b.state(`${name}${layer}`, [1, heads, length, each])
      const before = b.op('read_state', { input: state }, state.dims)
      return b.updateState(state, b.op('slice_update', { x: before, update, begin, end, stride: ints(1, 1, 1, 1) }, state.dims))
    }
    const mixed = attend(b, query!, remember('keyCache', key!), remember('valueCache', value!))
    x = feedForward(b, add(b, x, linear(b, mixed, width, 0.3)))
  }
  b.output(linear(b, layerNorm(b, x), scale === 'heavy' ? 16_384 : 12), 'logits')
}

/** One family of models that can be made at any time. */
export interface Family {
  name: string
  family: string
  stateful?: boolean
  build(builder: MilBuilder, scale: Scale): void
}

/** The families that people run, as large as they are in use: tens to hundreds of megabytes of weights. */
export const families: readonly Family[] = [
  { name: 'heavy-cnn', family: 'cnn', build: cnn },
  { name: 'heavy-rnn', family: 'rnn', build: rnn },
  { name: 'heavy-lstm', family: 'lstm', build: lstm },
  { name: 'heavy-transformer', family: 'transformer', build: transformer },
  { name: 'heavy-detector', family: 'detector', build: detector },
  { name: 'heavy-diffusion', family: 'diffusion step', build: diffusion },
  { name: 'heavy-decoder', family: 'decoder', stateful: true, build: decoder },
]
