import { CoreMLError } from '../errors.ts'
import { exitCodeOf } from './exit-code.ts'

/** Version of the form of JSON errors. */
const errorSchemaVersion = 1

/** What is told of an error: code and message, and what an Apple framework added. */
interface ErrorReport {
  code: string
  message: string
  domain?: string
  nativeCode?: number
}

function describe(error: unknown): ErrorReport {
  if (error instanceof CoreMLError) {
    const { code, message, domain, nativeCode } = error
    return { code, message, domain, nativeCode }
  }
  if (error instanceof Error && error.name === 'AbortError') return { code: 'ABORT_ERR', message: 'interrupted' }
  // commander's own: its code tells what was wrong with the command line.
  if (error instanceof Error && 'code' in error && String(error.code).startsWith('commander.')) {
    return {
      code: 'ERR_ARGUMENT',
      message: error.message
        .replace(/^error: /, '')
        .replaceAll('\n', ' ')
        .trim(),
    }
  }
  return { code: 'ERR_INTERNAL', message: error instanceof Error ? error.message : String(error) }
}

/**
 * Tells an error: one line on stderr, or JSON on stdout, and with `verbose` the rest on stderr.
 * @returns the exit status
 */
export function reportError(error: unknown, { json, verbose }: { json: boolean; verbose: boolean }): number {
  const report = describe(error)
  if (json) process.stdout.write(`${JSON.stringify({ schemaVersion: errorSchemaVersion, error: report })}\n`)
  else process.stderr.write(`coreml-bridge: ${report.message.replaceAll(/\s*\n\s*/g, ' ')} (${report.code})\n`)
  if (verbose) {
    for (let cause: unknown = error; cause; cause = cause instanceof Error ? cause.cause : undefined) {
      process.stderr.write(
        `${cause === error ? '' : 'caused by: '}${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`,
      )
    }
    if (error instanceof CoreMLError && error.userInfo) process.stderr.write(`${JSON.stringify(error.userInfo, null, 2)}\n`)
  }
  return exitCodeOf(report.code)
}
