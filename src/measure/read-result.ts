import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { CoreMLError } from '../errors.ts'
import { fileText } from '../file-text.ts'
import { type CompareResult, compareResult, resultVersion } from './result.ts'

/**
 * Reads a result that `compare --json` wrote.
 * @throws CoreMLError ERR_FILE where it cannot be read, is no JSON, no result, or of another version
 */
export async function readResult(file: string): Promise<CompareResult> {
  let content: unknown
  try {
    content = JSON.parse(fileText(await readFile(file)))
  } catch (error) {
    throw new CoreMLError('ERR_FILE', `cannot read the result ${file}: ${(error as Error).message}`, { cause: error })
  }
  const version = typeof content === 'object' && content !== null && 'schemaVersion' in content ? content.schemaVersion : undefined
  if (version !== resultVersion) {
    throw new CoreMLError(
      'ERR_FILE',
      `${file} is no result of compare --json, version ${resultVersion} (its schemaVersion is ${JSON.stringify(version)})`,
    )
  }
  const parsed = compareResult.safeParse(content)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new CoreMLError('ERR_FILE', `${file} is a damaged result: ${issue!.path.join('.')}: ${issue!.message}`, {
      cause: new z.ZodError(parsed.error.issues),
    })
  }
  return parsed.data
}
