import { type Answers, arraysOf, type Reply, type Request } from './messages.ts'
import { Sessions } from './sessions.ts'

/** Answers requests, which come one at a time. `guard` runs around each; `withdrawn` tells whether nobody wants the answer any more. */
export function makeResponder(
  reply: (reply: Reply, transfer: ArrayBuffer[]) => void,
  guard: <T>(work: () => Promise<T>) => Promise<T | undefined>,
): (request: Request, withdrawn?: () => boolean) => Promise<void> {
  const sessions = new Sessions(async () => (await import('onnxruntime-node')).default ?? (await import('onnxruntime-node')))
  return async (request, withdrawn) => {
    try {
      const answer = await guard(() => sessions.handle(request, withdrawn))
      reply({ answer }, buffersOf(answer))
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const code = request.kind === 'createSession' ? 'ERR_LOAD' : 'ERR_PREDICT'
      reply({ error: { code, message } }, [])
    }
  }
}

/** The buffers of an answer's arrays and of feeds that go back, to be handed over without a copy. */
function buffersOf(answer: Answers[keyof Answers]): ArrayBuffer[] {
  const feeds = (answer && 'feeds' in answer && answer.feeds) || []
  return [...arraysOf(answer), ...feeds].map(({ buffer }) => buffer as ArrayBuffer)
}
