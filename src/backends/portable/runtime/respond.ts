import type { Answers, Reply, Request } from './messages.ts'
import { Sessions } from './sessions.ts'

/** Answers requests, which come one at a time. `guard` runs around each. */
export function makeResponder(
  reply: (reply: Reply, transfer: ArrayBuffer[]) => void,
  guard: <T>(work: () => Promise<T>) => Promise<T | undefined>,
): (request: Request) => Promise<void> {
  const sessions = new Sessions(async () => (await import('onnxruntime-node')).default ?? (await import('onnxruntime-node')))
  return async (request) => {
    try {
      const answer = await guard(() => sessions.handle(request))
      reply({ answer }, buffersOf(answer))
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const code = request.kind === 'createSession' ? 'ERR_LOAD' : 'ERR_PREDICT'
      reply({ error: { code, message } }, [])
    }
  }
}

/** The buffers of an answer's tensors, to be handed over without a copy. */
function buffersOf(answer: Answers[keyof Answers]): ArrayBuffer[] {
  if (!answer) return []
  const buffers: ArrayBufferLike[] = []
  if ('outputs' in answer) for (const { data } of answer.outputs) buffers.push(data.buffer)
  if ('tensor' in answer) buffers.push(answer.tensor.data.buffer)
  if ('feeds' in answer && answer.feeds) for (const { buffer } of answer.feeds) buffers.push(buffer)
  return buffers as ArrayBuffer[]
}
