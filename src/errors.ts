/** Every code that a {@link CoreMLError} can carry. */
export type ErrorCode =
  /** A file or folder that was named does not exist or cannot be read. */
  | 'ERR_FILE'
  /** The bytes are no Core ML model, or a damaged one; the message says where. */
  | 'ERR_MODEL_INVALID'
  /** The model is sound, but of a kind that this backend cannot run (the message says what can). */
  | 'ERR_MODEL_UNSUPPORTED'
  /** Ops or layers that the portable backend cannot lower, all of them named. */
  | 'ERR_OP_UNSUPPORTED'
  /** A custom layer for which no implementation was registered. */
  | 'ERR_CUSTOM_LAYER'
  /** A custom model: its implementation lives in an app. */
  | 'ERR_CUSTOM_MODEL'
  /** A linked model: it refers to another file by name. */
  | 'ERR_LINKED_MODEL'
  /** The model is encrypted; only Apple's runtime can fetch the key. */
  | 'ERR_MODEL_ENCRYPTED'
  /** A compiled `.mlmodelc` folder was given where a source model is needed. */
  | 'ERR_MODEL_COMPILED'
  /** A feature value does not fit the model's description. */
  | 'ERR_INPUT'
  /** An option or argument is wrong. */
  | 'ERR_ARGUMENT'
  /** The chosen backend is not available on this machine. */
  | 'ERR_BACKEND_UNAVAILABLE'
  /** The named compute unit is not available on this machine. */
  | 'ERR_COMPUTE_UNIT_UNAVAILABLE'
  /** The optional package `onnxruntime-node` is missing or could not be loaded. */
  | 'ERR_ONNXRUNTIME_MISSING'
  /** The runtime (Core ML or onnxruntime) failed while compiling. */
  | 'ERR_COMPILE'
  /** The runtime failed while loading. */
  | 'ERR_LOAD'
  /** The runtime failed while predicting. */
  | 'ERR_PREDICT'
  /** Used after `dispose()`. */
  | 'ERR_DISPOSED'
  /** The feature needs a newer operating system; the message names the version. */
  | 'ERR_OS_VERSION'
  /** A defect of coreml-bridge itself. */
  | 'ERR_INTERNAL'

/** Details of a {@link CoreMLError}. */
export interface CoreMLErrorOptions {
  /** The underlying error. */
  cause?: unknown
  /** `NSError.domain`, where the error came from an Apple framework. */
  domain?: string
  /** `NSError.code`, where the error came from an Apple framework. */
  nativeCode?: number
  /** `NSError.userInfo`, values as text. */
  userInfo?: Record<string, string>
}

/**
 * The one error family of this package. `code` tells what went wrong; the message names the feature, what was expected and what came.
 *
 * @example
 * try { await Model.load('missing.mlmodel') } catch (error) { if (error.code === 'ERR_FILE') … }
 */
export class CoreMLError extends Error {
  override readonly name = 'CoreMLError'
  readonly code: ErrorCode
  readonly domain?: string
  readonly nativeCode?: number
  readonly userInfo?: Record<string, string>

  constructor(code: ErrorCode, message: string, options: CoreMLErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    if (options.domain !== undefined) this.domain = options.domain
    if (options.nativeCode !== undefined) this.nativeCode = options.nativeCode
    if (options.userInfo !== undefined) this.userInfo = options.userInfo
  }
}
