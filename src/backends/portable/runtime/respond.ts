import type { Answers, Envelope, Reply } from './messages.ts'
import { Sessions } from './sessions.ts'

/** Answers requests one after the other, in the order in which they came. `guard` runs around each. */
export function makeResponder(
  reply: (reply: Reply, transfer: ArrayBuffer[]) => void,
  guard: <T>(work: () => Promise<T>) => Promise<T | undefined>,
): (envelope: Envelope) => void {
  const sessions = new Sessions(async () => (await import('onnxruntime-node')).default ?? (await import('onnxruntime-node')))
  let last: Promise<unknown> = Promise.resolve()
  return ({ id, request }) => {
    last = last.then(() =>
      guard(async () => {
        try {
          const answer = await sessions.handle(request)
          reply({ id, answer }, buffersOf(answer))
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error)
          const code = request.kind === 'createSession' ? 'ERR_LOAD' : 'ERR_PREDICT'
          reply({ id, error: { code, message } }, [])
        }
      }),
    )
  }
}

/** The buffers of an answer's tensors, to be handed over without a copy. */
function buffersOf(answer: Answers[keyof Answers]): ArrayBuffer[] {
  if (!answer) return []
  const tensors = 'outputs' in answer ? Object.values(answer.outputs) : 'tensor' in answer ? [answer.tensor] : []
  if ('feeds' in answer) tensors.push(...Object.values(answer.feeds ?? {}))
  return tensors.map((tensor) => tensor.data.buffer as ArrayBuffer)
}
