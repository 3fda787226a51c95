/** The worker thread that holds onnxruntime: one for the process. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { Busy, type BusyFlags } from './busy.ts'
import type { Request } from './messages.ts'
import { makeResponder } from './respond.ts'

const port = parentPort!
const busy = new Busy((workerData as { flags: BusyFlags }).flags)

const respond = makeResponder(
  (reply, transfer) => port.postMessage(reply, transfer),
  (work) => busy.during(work),
)

port.on('message', async (request: Request) => {
  // The thread that is woken by a reply often takes this one's core, and has asked for the next thing before this one goes on: then it is here already.
  for (let next: Request | undefined = request; next; next = receiveMessageOnPort(port)?.message as Request | undefined) await respond(next)
})
