import { type Command, Option } from 'commander'
import { CoreMLError, type ErrorCode } from '../../errors.ts'
import type { CompareEvent } from '../../measure/events.ts'
import { bluntGates, checkBaseline, gateRuns, lostUnits, requireComparable, slowdownFailures } from '../../measure/gate/baseline.ts'
import { type Condition, checkCondition, parseCondition } from '../../measure/gate/condition.ts'
import { failuresOf } from '../../measure/gate/verdict.ts'
import type { ModelToCompare } from '../../measure/options.ts'
import { suiteSettings } from '../../measure/protocol/defaults.ts'
import type { CompareResult, Failure } from '../../measure/result.ts'
import { exitCode } from '../exit-code.ts'
import { interruptSignal } from '../interrupt.ts'
import { addSharedOptions, parseCount, parseDurationOption, parseSeed, readSharedOptions, type SharedOptions } from '../options.ts'
import { type Progress, startProgress } from '../progress.ts'

interface CompareFlags extends SharedOptions {
  csv?: boolean
  markdown?: boolean
  iterations?: number
  duration?: number
  expected?: string
  inputs?: string
  seed?: number
  runs?: number
  sustain?: number
  timeout?: number
  baseline?: string
  maxSlowdown?: number
  failIf: Condition[]
  size: 'small' | 'heavy'
  findDivergence?: boolean
}

/** A share such as `10%`. */
function parsePercent(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim())
  if (match === null) throw new CoreMLError('ERR_ARGUMENT', `"${text}" is no percentage: write for example 10%`)
  return Number(match[1]) / 100
}

function phaseText(event: CompareEvent): string | undefined {
  switch (event.type) {
    case 'model':
      return event.count > 1 ? `${event.model} (${event.index + 1} of ${event.count})` : event.model
    case 'phase':
      return `${event.model}: ${event.units}, ${event.phase}`
    case 'block':
      return `${event.model}: block ${event.round + 1} of ${event.rounds}`
    case 'sustain':
      return `${event.model}: ${event.units}, sustained, window ${event.window + 1} of ${event.windows}`
    case 'unitEnded':
      return `${event.model}: ${event.units} ${event.status}`
    case 'modelEnded':
      return undefined
  }
}

/** What the result is held against. Mistakes in it are told before minutes of measuring. */
async function readGates({ baseline: file, failIf, backend }: CompareFlags): Promise<CompareResult | undefined> {
  if (failIf.length > 0) {
    const { checkFigurePath } = await import('../../measure/gate/figure-path.ts')
    failIf.forEach(checkFigurePath)
  }
  if (file === undefined) return undefined
  const [{ readResult }, { describeMachine }, { defaultBackendName }] = await Promise.all([
    import('../../measure/read-result.ts'),
    import('../../measure/machine.ts'),
    import('../../backends/select.ts'),
  ])
  const baseline = await readResult(file)
  requireComparable(baseline, describeMachine().cpu, backend ?? defaultBackendName())
  return baseline
}

/** Everything that fails the run. Says which gates are blunt. */
function failures(result: CompareResult, { failIf }: CompareFlags, baseline: CompareResult | undefined, limit: number): Failure[] {
  const found = [...failuresOf(result), ...failIf.flatMap((condition) => checkCondition(result, condition))]
  if (baseline === undefined) return found
  const checks = checkBaseline(baseline, result, limit)
  for (const blunt of bluntGates(checks, limit)) process.stderr.write(`note: ${blunt}\n`)
  return [...found, ...slowdownFailures(checks, limit), ...lostUnits(baseline, result)]
}

/** The models that are named, or the sample models of the size that is asked for. */
async function modelsOf(
  paths: string[],
  { size }: CompareFlags,
  progress: Progress,
  signal: AbortSignal,
): Promise<(string | ModelToCompare)[]> {
  if (paths.length > 0) return paths
  if (size === 'heavy') {
    const { heavyModels } = await import('../../measure/heavy/heavy-models.ts')
    return heavyModels({ signal, onProgress: (name) => progress.update(`making ${name}`) })
  }
  const { listedModels, samplesFolder } = await import('../../measure/samples.ts')
  return listedModels(samplesFolder)
}

/** A model that no unit could load, all for the same reason, is an error of the input and no result. */
function throwIfUnloadable({ models }: CompareResult): void {
  const units = models.length === 1 ? models[0]!.units.filter(({ status }) => status !== 'unavailable') : []
  const [first] = units
  if (first?.status !== 'failed' || first.code === 'ERR_UNKNOWN' || !/load/.test(first.phase)) return
  if (units.every((unit) => unit.status === 'failed' && unit.code === first.code))
    throw new CoreMLError(first.code as ErrorCode, first.message)
}

async function print(result: CompareResult, { json, csv, markdown }: CompareFlags): Promise<void> {
  const { stdout } = process
  if (json) stdout.write(`${JSON.stringify(result)}\n`)
  else if (csv) stdout.write((await import('../../report/csv.ts')).csvReport(result))
  else if (markdown) stdout.write((await import('../../report/markdown.ts')).markdownReport(result))
  else {
    const { consoleReport } = await import('../../report/console.ts')
    const { default: colors } = await import('picocolors')
    stdout.write(consoleReport(result, { width: stdout.columns, color: stdout.isTTY === true && colors.isColorSupported }))
  }
}

/** What only a measurement takes: a gate that was never looked at must not seem to hold. */
function refuseMeasuring(flags: CompareFlags): void {
  const { csv, markdown, iterations, duration, expected, inputs, runs, sustain, timeout, baseline, maxSlowdown } = flags
  const given = {
    '--csv': csv,
    '--markdown': markdown,
    '--iterations': iterations,
    '--duration': duration,
    '--expected': expected,
    '--inputs': inputs,
    '--runs': runs,
    '--sustain': sustain,
    '--timeout': timeout,
    '--baseline': baseline,
    '--max-slowdown': maxSlowdown,
    '--fail-if': flags.failIf[0],
  }
  const wrong = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  if (wrong.length > 0) throw new CoreMLError('ERR_ARGUMENT', `--find-divergence measures nothing and takes no ${wrong.join(', ')}`)
}

async function run(paths: string[], given: CompareFlags): Promise<void> {
  const flags = readSharedOptions(given)
  if (flags.findDivergence) {
    refuseMeasuring(flags)
    return (await import('../divergence.ts')).runDivergence(paths, flags)
  }
  const formats = [flags.json, flags.csv, flags.markdown].filter(Boolean).length
  if (formats > 1) throw new CoreMLError('ERR_ARGUMENT', 'choose one of --json, --csv and --markdown')
  if (flags.maxSlowdown !== undefined && flags.baseline === undefined)
    throw new CoreMLError('ERR_ARGUMENT', '--max-slowdown needs --baseline FILE')
  if (flags.size === 'heavy' && paths.length > 0)
    throw new CoreMLError('ERR_ARGUMENT', '--size heavy is for the sample models: name no other model beside it')
  const { compare } = await import('../../measure/compare.ts')
  const baseline = await readGates(flags)
  const progress = startProgress('comparing', { quiet: flags.json === true && !process.stderr.isTTY })
  const signal = interruptSignal()
  let result: CompareResult
  try {
    const models = await modelsOf(paths, flags, progress, signal)
    result = await compare(models, {
      backend: flags.backend,
      units: flags.units,
      functionName: flags.function,
      threads: flags.threads,
      iterations: flags.iterations,
      durationMilliseconds: flags.duration,
      expected: flags.expected,
      inputs: flags.inputs,
      seed: flags.seed,
      sustainMilliseconds: flags.sustain,
      runs: flags.runs ?? (flags.baseline === undefined ? undefined : gateRuns),
      settings: {
        ...(models.length > 1 ? suiteSettings : {}),
        ...(flags.timeout === undefined ? {} : { timeoutMilliseconds: flags.timeout }),
      },
      signal,
      onEvent(event) {
        // In a log, a line for each model is enough, and what became of a single one is told at the end.
        const isLogged = event.type === 'model' || (event.type === 'unitEnded' && models.length > 1)
        const text = process.stderr.isTTY || isLogged ? phaseText(event) : undefined
        if (text !== undefined) progress.update(text)
      },
    })
  } finally {
    progress.stop()
  }
  throwIfUnloadable(result)
  let failed: Failure[]
  try {
    failed = failures(result, flags, baseline, flags.maxSlowdown ?? 0.1)
  } catch (error) {
    // What was measured is not lost where the baseline does not fit it.
    if (!flags.json) await print(result, flags)
    throw error
  }
  await print({ ...result, failures: failed }, flags)
  if (failed.length === 0) return
  for (const { model, gate, reason } of failed) process.stderr.write(`failed: ${model}: ${gate}: ${reason}\n`)
  process.exitCode = exitCode.failedGate
}

const examples = `
Examples:
  coreml-bridge compare                                     the sample models of this package
  coreml-bridge compare net.mlpackage                       every compute unit of this machine
  coreml-bridge compare net.mlpackage --expected cases.npz  and whether the outputs are right
  coreml-bridge compare net.mlpackage --runs 5 --json > baseline.json
  coreml-bridge compare net.mlpackage --baseline baseline.json --max-slowdown 10%
  coreml-bridge compare net.mlpackage --fail-if "cpuOnly.steady.median > 5ms"
  coreml-bridge compare net.mlpackage --find-divergence     where float16 as declared parts from float32`

/** Adds arguments and options of `compare`. */
export function define(command: Command): void {
  const collect = (text: string, before: Condition[]) => [...before, parseCondition(text)]
  command
    .argument('[models...]', '.mlmodel files or .mlpackage folders; the sample models when none is named')
    .addOption(
      new Option(
        '--iterations <count>',
        'timed predictions of each unit (default: 10 blocks of 200 ms or 2000 predictions, whichever ends first)',
      ).argParser(parseCount),
    )
    .addOption(
      new Option(
        '--duration <time>',
        'timed stretch of each unit, such as 500ms, 10s or 2m, however many predictions that makes',
      ).argParser(parseDurationOption),
    )
    .addOption(
      new Option('--size <size>', 'of the sample models: heavy ones are made here, tens to hundreds of MB each')
        .choices(['small', 'heavy'])
        .default('small'),
    )
    .option('--expected <file>', '.npz file with expected outputs by name, and with inputs unless --inputs names another')
    .option('--inputs <file>', '.npz file with inputs by name')
    .addOption(new Option('--seed <number>', 'repeats the order of blocks and the made-up inputs of another run').argParser(parseSeed))
    .addOption(new Option('--runs <count>', 'processes of each unit, one after the other').argParser(parseCount))
    .addOption(
      new Option('--sustain <time>', 'then predict for so long without a pause: last window against the best').argParser(
        parseDurationOption,
      ),
    )
    .addOption(new Option('--timeout <time>', 'time limit of one phase of a unit').argParser(parseDurationOption))
    .option('--csv', 'one line for each unit')
    .option('--markdown', 'a table for a comment or a job summary')
    .option('--baseline <file>', 'result of compare --runs 5 --json to hold this one against')
    .addOption(
      new Option('--max-slowdown <percent>', 'with --baseline: exit 1 where a unit is slower by more (default 10%)').argParser(
        parsePercent,
      ),
    )
    .addOption(
      new Option(
        '--fail-if <condition>',
        'exit 1 where it holds or its unit was not measured, such as "cpuOnly.steady.median > 5ms"; may be repeated',
      )
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--find-divergence', 'name the first op whose value parts: of one model in float32 and as declared, or of two models')
    .addHelpText('after', examples)
    .action(run)
  addSharedOptions(command, ['units', 'backend', 'function', 'threads', 'json'])
}
