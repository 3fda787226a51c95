/** The worker thread that holds onnxruntime: one for the process. */
import { parentPort, workerData } from 'node:worker_threads'
import { Busy, type BusyFlags } from './busy.ts'
import type { Request } from './messages.ts'
import { makeResponder } from './respond.ts'

const port = parentPort!
const busy = new Busy((workerData as { flags: BusyFlags }).flags)

port.on(
  'message',
  makeResponder(
    (reply, transfer) => port.postMessage(reply, transfer),
    (work) => busy.during(work),
  ) satisfies (request: Request) => void,
)
