/** The worker thread that holds onnxruntime: one for the process. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { Busy, type BusyFlags } from './busy.ts'
import type { Reply, Request } from './messages.ts'
import { makeResponder } from './respond.ts'
import { type WithdrawalFlags, Withdrawals } from './withdrawals.ts'

const port = parentPort!
const { flags, withdrawalFlags } = workerData as { flags: BusyFlags; withdrawalFlags: WithdrawalFlags }
const busy = new Busy(flags)
const withdrawals = new Withdrawals(withdrawalFlags)

const respond = makeResponder(
  (reply, transfer) => port.postMessage(reply, transfer),
  (work) => busy.during(work),
)

async function answer(request: Request): Promise<void> {
  const withdrawal = withdrawals.next()
  const withdrawn = () => withdrawals.raised(withdrawal)
  if (withdrawn()) port.postMessage({ withdrawn: true } satisfies Reply)
  else await respond(request, withdrawn)
}

/** One request at a time: the next one may come while onnxruntime is being called, and read a state that is about to be written. */
const waiting: Request[] = []
let answering = false

/** The next request, looked for before this thread goes back to its event loop: it is often there already, for which the event loop takes a while. */
function next(): Request | undefined {
  return waiting.shift() ?? (receiveMessageOnPort(port)?.message as Request | undefined)
}

port.on('message', async (request: Request) => {
  waiting.push(request)
  if (answering) return
  answering = true
  for (let request = next(); request; request = next()) await answer(request)
  answering = false
})
