// How long the event loop is held up while predictions run, beyond what it is when idle.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { median } from './tools.mjs'

const detector = fileURLToPath(new URL('../models/detector/detector.mlpackage', import.meta.url))

/** p99 of the delay during `work`, milliseconds. */
async function delay(work) {
  const monitor = monitorEventLoopDelay({ resolution: 1 })
  monitor.enable()
  await work()
  monitor.disable()
  return monitor.percentile(99) / 1e6
}

/** @param {{ quick?: boolean }} options */
export async function run({ quick = false } = {}) {
  const { Model } = await import('../dist/index.js')
  // One thread for the prediction: with every core in use, the delay would be the operating system's scheduling.
  const model = await Model.load(detector, { backend: 'portable', threads: 1 })
  const rows = []
  try {
    const { width, height } = model.inputs.find(({ type }) => type === 'image')
    const image = { width, height, format: 'rgba', data: new Uint8Array(width * height * 4).fill(90) }
    const name = model.inputs.find(({ type }) => type === 'image').name
    const predictFor = async (milliseconds) => {
      const end = performance.now() + milliseconds
      while (performance.now() < end) await model.predict({ [name]: image })
    }
    await predictFor(500)
    const rounds = []
    for (let i = 0; i < (quick ? 3 : 9); i++) {
      const idle = await delay(() => sleep(1000))
      const busy = await delay(() => predictFor(1000))
      rounds.push({ idle, busy, extra: busy - idle })
    }
    const extra = rounds.map((round) => round.extra)
    rows.push({
      name: 'event-loop delay p99 while predicting, beyond idle',
      ratio: median(extra),
      unit: 'ms',
      spread: [Math.min(...extra), Math.max(...extra)],
      goal: { atMost: 2 },
      peer: 'the idle loop',
      note: `${median(rounds.map(({ busy }) => busy)).toFixed(2)} against ${median(rounds.map(({ idle }) => idle)).toFixed(2)} ms, resolution 1`,
    })
  } finally {
    await model.dispose()
  }
  return rows
}
