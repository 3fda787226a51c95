/** The process that runs one compute unit of one model: does what the conductor asks, one call at a time, and ends with it. */
import { CoreMLError } from '../../errors.ts'
import type { AnswerMessage, CallMessage } from './calls.ts'
import { UnitSession } from './session.ts'

const session = new UnitSession()
let last = Promise.resolve()

async function answer(message: CallMessage): Promise<void> {
  let reply: AnswerMessage
  try {
    reply = { id: message.id, response: await session.call(message.name, message.request) }
  } catch (error) {
    const code = error instanceof CoreMLError ? error.code : 'ERR_UNKNOWN'
    reply = { id: message.id, error: { code, message: error instanceof Error ? error.message : String(error) } }
  }
  if (!process.connected) return
  process.send!(reply, undefined, undefined, () => {
    if (message.name === 'close') process.disconnect()
  })
}

process.on('message', (message: CallMessage) => {
  last = last.then(() => answer(message))
})
process.on('disconnect', () => {
  // The conductor is gone: nobody would read another figure.
  void last.then(() => session.call('close', {})).finally(() => process.exit())
})
