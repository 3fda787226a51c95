/** The child process that holds onnxruntime: for users' worker threads, which can be terminated at any time, and for `isolate: true`. */
import type { Request } from './messages.ts'
import { makeResponder } from './respond.ts'

const end = () => process.exit(0)
const respond = makeResponder(
  // The parent may have ended during the run, and nobody be there for the reply any more.
  (reply) => process.connected && process.send!(reply, undefined, undefined, (error) => error && end()),
  (work) => work(),
)

process.on('disconnect', end)
process.on('message', (request) => void respond(request as Request))
