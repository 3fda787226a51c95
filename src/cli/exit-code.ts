import type { ErrorCode } from '../errors.ts'

/** Exit statuses of the command. */
export const exitCode = { fine: 0, failedGate: 1, usage: 2, unavailable: 3, interrupted: 130 } as const

const special: Partial<Record<ErrorCode, number>> = {
  ERR_COMPUTE_UNIT_UNAVAILABLE: exitCode.unavailable,
  ERR_BACKEND_UNAVAILABLE: exitCode.unavailable,
  ERR_ONNXRUNTIME_MISSING: exitCode.unavailable,
  ERR_OS_VERSION: exitCode.unavailable,
}

/** The status with which the command ends after an error of this code (an AbortError's is ABORT_ERR). */
export function exitCodeOf(code: string): number {
  if (code === 'ABORT_ERR') return exitCode.interrupted
  return special[code as ErrorCode] ?? exitCode.usage
}
