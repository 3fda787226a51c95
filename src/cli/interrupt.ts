import { exitCode } from './exit-code.ts'

/** A signal that Ctrl-C aborts, so that work ends in order; a second Ctrl-C ends the process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  process.once('SIGINT', () => {
    controller.abort()
    process.once('SIGINT', () => process.exit(exitCode.interrupted))
  })
  return controller.signal
}
