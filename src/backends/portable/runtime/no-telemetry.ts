/**
 * What switches onnxruntime's telemetry off. From 1.30 on its builds for Linux and macOS record every session, keep the records in the user's cache folder
 * together with an identifier of the machine, and upload them. A user whose environment says something else about it is heeded.
 */
export const noTelemetry = { ORT_DISABLE_TELEMETRY: '1' }

/** Switches it off for onnxruntime in this process, which reads the environment that only the main thread writes. */
export function switchTelemetryOff(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= noTelemetry.ORT_DISABLE_TELEMETRY
}
