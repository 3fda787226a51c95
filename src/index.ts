export { CoreMLError, type CoreMLErrorOptions, type ErrorCode } from './errors.ts'
