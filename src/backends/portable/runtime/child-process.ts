/** The child process that holds onnxruntime: for users' worker threads, which can be terminated at any time, and for `isolate: true`. */
import type { Request } from './messages.ts'
import { makeResponder } from './respond.ts'

process.on('disconnect', () => process.exit(0))
process.on(
  'message',
  makeResponder(
    (reply) => process.connected && process.send!(reply),
    (work) => work(),
  ) as (request: unknown) => void satisfies (request: Request) => void,
)
