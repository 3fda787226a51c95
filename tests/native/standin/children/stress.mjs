// Everything at once, for ThreadSanitizer: predictions that overlap, batches, timed loops, states, cancelling, disposing, on old and new systems.
import { addon, inputs, loadModel } from './addon.mjs'

for (const osVersion of [13, 14, 26]) {
  addon.standin.configure({ osVersion, predictMicroseconds: 500, releaseMilliseconds: 3 })
  const model = await loadModel()
  for (let round = 0; round < 5; ++round) {
    const cancellations = Array.from({ length: 8 }, () => addon.newCancellation())
    const work = cancellations.map((cancellation, i) => model.predict(inputs(i), { cancellation }))
    work.push(model.predictBatch([inputs(1), inputs(2)]), model.runTimed([inputs(3)], { iterations: 5 }))
    const state = osVersion >= 15 ? model.newState() : undefined
    if (state) work.push(...[1, 2, 3].map((n) => model.predict(inputs(n), { state })))
    const x = new Float32Array(addon.allocate(16))
    work.push(
      model.predict(
        Object.assign(Object.create(null), { x: { kind: 'array', type: 'float32', dims: [4], bytes: new Uint8Array(x.buffer) } }),
      ),
    )
    for (const cancellation of cancellations.slice(4)) cancellation.cancel()
    for (const result of await Promise.allSettled(work)) {
      if (result.status === 'rejected' && result.reason.code !== 'ERR_ABORTED') throw result.reason
    }
    state?.dispose()
  }
  const last = Promise.allSettled(Array.from({ length: 10 }, (_, i) => model.predict(inputs(i))))
  await Promise.all([model.dispose(), last])
}
if (addon.standin.events().threadingViolations > 0) throw new Error('an MLModel was used on two threads at a time')
console.log('through')
