import { GraphBuilder } from '../../../../src/backends/portable/onnx/builder.ts'
import { encodeModel } from '../../../../src/backends/portable/onnx/encode.ts'
import type { Value } from '../../../../src/backends/portable/onnx/value.ts'
import { runtimeClient } from '../../../../src/backends/portable/runtime/client.ts'
import type { Tensor } from '../../../../src/model/tensor.ts'

/** A builder whose graph holds no constants in files. */
export function builder(): GraphBuilder {
  return new GraphBuilder(() => {
    throw new Error('no files here')
  })
}

/** Runs what `b` has built in onnxruntime and gives the results in the order of `outputs`. */
export async function runGraph(b: GraphBuilder, outputs: readonly Value[], feeds: Record<string, Tensor> = {}): Promise<Tensor[]> {
  const names = outputs.map((value, index) => {
    b.output(value, `out${index}`)
    return `out${index}`
  })
  const client = runtimeClient()
  const { session } = await client.ask({ kind: 'createSession', ...encodeModel(b.finish('test')) })
  try {
    const answer = await client.ask({ kind: 'run', session, feeds, fetches: names })
    return names.map((name) => answer.outputs[name]!)
  } finally {
    await client.ask({ kind: 'releaseSession', session })
  }
}
