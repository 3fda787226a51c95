import { exitCode } from './exit-code.ts'

/** A signal that Ctrl-C and SIGTERM abort, so that work ends in order and leaves nothing behind; the second of them ends the process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted)
    controller.abort()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return controller.signal
}
