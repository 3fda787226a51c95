// Measures the addon on the stand-in, in a process of its own: node measure.mjs ADDON MODELS QUICK NAME,… [CORE]. With a core, the JavaScript thread is on
// core 0 and all others on that one. Prints one line of JSON: rounds of raw figures by name.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, placeThreads } from '../tools.mjs'

const [addonPath, folder, quick, names, core] = process.argv.slice(2)
const rounds = quick === 'true' ? 3 : 7
const module = { exports: {} }
process.dlopen(module, addonPath)
const { standin, ...addon } = module.exports
standin.configure({ releaseMilliseconds: 0 })

const load = async (name) => addon.loadModel({ path: await addon.compileModel(`${folder}/${name}.mlmodel`) }, {})
const array = (data, dims) => ({
  kind: 'array',
  type: 'float32',
  dims,
  bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
})
const features = (values) => Object.assign(Object.create(null), values)
const nanoseconds = () => Number(process.hrtime.bigint())

async function times(count, work) {
  const samples = []
  for (let i = 0; i < count; ++i) {
    const start = nanoseconds()
    await work()
    samples.push(nanoseconds() - start)
  }
  return samples
}

const tiny = await load('tiny')
const tinyInputs = features({ x: array(Float32Array.of(1), [1]) })

const predictions = 5000
/** Microseconds of the stand-in's own prediction, called bare. */
const standinMicroseconds = () => standin.bareCalls(tiny, tinyInputs, predictions) / predictions / 1000

/** Microseconds that a whole native prediction, from JavaScript objects to JavaScript objects, takes beyond the stand-in's own. */
function overhead() {
  const { reading, predicting, writing } = standin.predictHere(tiny, tinyInputs, predictions)
  return (reading + predicting + writing) / predictions / 1000 - standinMicroseconds()
}

/** Microseconds that the native timed loop takes for each prediction beyond the stand-in's own. */
async function loop() {
  const { elapsedMilliseconds } = await tiny.runTimed([tinyInputs], { iterations: predictions })
  return (elapsedMilliseconds * 1000) / predictions - standinMicroseconds()
}

/** Awaited work, less `ownMicroseconds` that are not ours, over an empty awaited AsyncWorker, in turn. */
async function overWorker(work, ownMicroseconds = 0) {
  const ours = []
  const theirs = []
  for (let i = 0; i < 6; ++i) {
    ours.push(...(await times(400, work)))
    theirs.push(...(await times(400, () => standin.emptyWorker())))
  }
  return (median(ours) - ownMicroseconds * 1000) / median(theirs)
}

const handOver = () => overWorker(() => standin.emptyJob())
const promise = () => overWorker(() => tiny.predict(tinyInputs), standinMicroseconds())

/** Time to take over an input of 150 528 floats, over that of a memcpy of it. */
async function input() {
  const data = new Float32Array(150_528).fill(1)
  const target = Buffer.alloc(data.byteLength)
  const source = Buffer.from(data.buffer)
  const inputs = features({ x: array(data, [150_528]) })
  const model = await load('wide')
  const calls = []
  const copies = []
  const small = []
  for (let i = 0; i < 60; ++i) {
    let start = nanoseconds()
    source.copy(target)
    copies.push(nanoseconds() - start)
    start = nanoseconds()
    const prediction = model.predict(inputs)
    calls.push(nanoseconds() - start)
    await prediction
    start = nanoseconds()
    const other = tiny.predict(tinyInputs)
    small.push(nanoseconds() - start)
    await other
  }
  await model.dispose()
  return (median(calls) - median(small)) / median(copies)
}

function strided() {
  const { strided, memcpy } = standin.stridedCopy(1000, 64, 5, 500)
  return strided / memcpy
}

/** Bytes copied by predictions between allocated arrays. */
async function copied() {
  const data = new Float32Array(addon.allocate(4))
  const result = new Float32Array(addon.allocate(4))
  const inputs = features({ x: array(data, [1]) })
  const backings = features({ y: array(result, [1]) })
  const before = standin.createdBytes()
  for (let i = 0; i < 100; ++i) {
    data[0] = i
    const { outputs } = await tiny.predict(inputs, { backings })
    if (!outputs.y.zeroCopy || result[0] !== i) throw new Error('the allocated array was not used')
  }
  return standin.createdBytes() - before
}

/** p99 of the event loop's delay while 8 predictions of 20 ms run, minus that of the idle loop, in milliseconds. */
async function eventLoop() {
  const p99 = async (work) => {
    const histogram = monitorEventLoopDelay({ resolution: 1 })
    histogram.enable()
    await work()
    histogram.disable()
    return histogram.percentile(99) / 1e6
  }
  const milliseconds = quick === 'true' ? 500 : 1500
  const idle = await p99(() => sleep(milliseconds))
  standin.configure({ predictMicroseconds: 20_000 })
  const busy = await p99(async () => {
    const end = performance.now() + milliseconds
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (performance.now() < end) await tiny.predict(tinyInputs)
      }),
    )
  })
  standin.configure({ predictMicroseconds: 0 })
  return busy - idle
}

const measures = { overhead, loop, handOver, promise, input, strided, copied, eventLoop }
const result = {}
for (const name of names.split(',')) {
  const measure = measures[name]
  await measure() // warm-up, after which all threads are there
  if (core !== undefined) placeThreads(core)
  result[name] = []
  for (let i = 0; i < rounds; ++i) result[name].push(await measure())
}
await tiny.dispose()
console.log(JSON.stringify(result))
