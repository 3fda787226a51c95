import type { Command } from 'commander'
import { CoreMLError } from '../../errors.ts'
import { addSharedOptions, type SharedOptions } from '../options.ts'
import { writeOutput } from '../write-output.ts'

interface ReportOptions extends SharedOptions {
  output: string
}

async function run(files: string[], { output, json }: ReportOptions): Promise<void> {
  if (json && output === '-') throw new CoreMLError('ERR_ARGUMENT', '--json and the page cannot both go to standard output: give -o a file')
  const { readResult } = await import('../../measure/read-result.ts')
  const { htmlReport } = await import('../../report/html/report.ts')
  const results = await Promise.all(files.map(readResult))
  const page = htmlReport(results)
  if (output === '-') {
    process.stdout.write(page)
    return
  }
  await writeOutput(output, page)
  if (json) process.stdout.write(`${JSON.stringify({ schemaVersion: 1, output, results: results.length })}\n`)
  else
    process.stdout.write(
      `${output}: ${results.length} result${results.length === 1 ? '' : 's'}, ${Math.round(Buffer.byteLength(page) / 1000)} kB\n`,
    )
}

/** Adds arguments and options of `report`. */
export function define(command: Command): void {
  command
    .argument('<results...>', 'files that compare --json wrote, of one or several machines')
    .option('-o, --output <file>', 'the page to write; - for standard output', 'report.html')
    .action(run)
  addSharedOptions(command, ['json'])
}
