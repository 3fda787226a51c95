import { readModel } from '../format/index.ts'
import { inspectFile } from '../model/inspect.ts'
import type { ModelPart } from '../model/summary.ts'

/** Ops and layers of recurrent nets, which no generation of the Neural Engine runs: ML Program ops first, then layers of neural networks. */
const recurrent = new Set(['lstm', 'gru', 'rnn', 'simpleRecurrent', 'uniDirectionalLSTM', 'biDirectionalLSTM'])

function recurrentOf({ operations, models = [] }: ModelPart): string[] {
  return [...Object.keys(operations).filter((name) => recurrent.has(name)), ...models.flatMap(recurrentOf)]
}

/** What is known of a model's ops before anything runs: a sentence where no Neural Engine can run some of them, else null. */
export async function neverOnNeuralEngine(path: string): Promise<string | null> {
  const found = (await readModel(path, (file) => recurrentOf(inspectFile(file).model))) ?? []
  return found.length === 0 ? null : `its recurrent ops (${[...new Set(found)].join(', ')}) run on no Neural Engine`
}
