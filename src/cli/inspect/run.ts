import { CoreMLError } from '../../errors.ts'
import { inspect } from '../../model/inspect.ts'
import { didYouMean } from '../../model/suggest.ts'
import { jsonNumber } from '../json-number.ts'
import type { SharedOptions } from '../options.ts'
import { inspectText } from './text.ts'

/** Version of the form of `inspect --json`. */
const schemaVersion = 1

/** Runs `coreml-bridge inspect`. */
export async function runInspect(path: string, options: SharedOptions): Promise<void> {
  const summary = await inspect(path)
  if (options.function !== undefined) {
    const names = summary.functions.map(({ name }) => name)
    const named = summary.functions.filter(({ name }) => name === options.function)
    if (named.length === 0) {
      throw new CoreMLError(
        'ERR_ARGUMENT',
        `the model has no function "${options.function}"${didYouMean(options.function, names)} (functions: ${names.join(', ')})`,
      )
    }
    summary.functions = named
  }
  const json = () => JSON.stringify({ schemaVersion, ...summary }, (_, value) => (typeof value === 'number' ? jsonNumber(value) : value))
  process.stdout.write(options.json ? `${json()}\n` : inspectText(summary))
}
