import { CoreMLError } from './errors.ts'

/** ERR_FILE for a path that the system cannot read: that nothing is there, or the system's own words. `where` comes before it. */
export function fileError(path: string, cause: unknown, where = ''): CoreMLError {
  const { code, message } = cause as NodeJS.ErrnoException
  const missing = code === 'ENOENT' || code === 'ENOTDIR'
  return new CoreMLError('ERR_FILE', `${where}${missing ? `no such file or folder: ${path}` : `cannot read ${path}: ${message}`}`, {
    cause,
  })
}
