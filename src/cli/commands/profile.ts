import { basename } from 'node:path'
import { type Command, Option } from 'commander'
import { type Profile, profileModel } from '../../backends/portable/profile/profile.ts'
import { CoreMLError } from '../../errors.ts'
import { generateInputs } from '../../measure/inputs.ts'
import { describeMachine } from '../../measure/machine.ts'
import { coerceInputs } from '../../model/coerce.ts'
import { imageFiles } from '../../model/image-files.ts'
import { interruptSignal } from '../interrupt.ts'
import { addSharedOptions, parseCount, parseSeed, readSharedOptions, type SharedOptions } from '../options.ts'
import { readInputValues } from '../predict/read-inputs.ts'
import { numberText } from '../predict/summary.ts'
import { startProgress } from '../progress.ts'

/** Version of the form of `profile --json`. */
const schemaVersion = 1

interface ProfileCommandOptions extends SharedOptions {
  input: string[]
  inputs?: string
  iterations: number
  seed: number
  top: number
}

const bar = '████████████████████'

/** Rows of name, milliseconds and share, slowest first; `top` of them and the rest in one. */
function table(rows: readonly { name: string; milliseconds: number; share: number }[], top: number): string[] {
  const shown = rows.slice(0, top)
  const rest = rows.slice(top)
  if (rest.length > 0) {
    const sum = (key: 'milliseconds' | 'share') => rest.reduce((total, row) => total + row[key], 0)
    shown.push({ name: `${rest.length} more`, milliseconds: sum('milliseconds'), share: sum('share') })
  }
  const width = Math.max(...shown.map(({ name }) => name.length))
  return shown.map(({ name, milliseconds, share }) => {
    const percent = `${(100 * share).toFixed(1)} %`.padStart(7)
    return `  ${name.padEnd(width)}  ${numberText(milliseconds).padStart(9)} ms  ${percent}  ${bar.slice(0, Math.round(share * bar.length))}`.trimEnd()
  })
}

function byOperator({ nodes }: Profile) {
  const sums = new Map<string, { name: string; milliseconds: number; share: number; count: number }>()
  for (const { operator, milliseconds, share } of nodes) {
    const sum = sums.get(operator) ?? { name: operator, milliseconds: 0, share: 0, count: 0 }
    sums.set(operator, { name: operator, milliseconds: sum.milliseconds + milliseconds, share: sum.share + share, count: sum.count + 1 })
  }
  return [...sums.values()].sort((a, b) => b.milliseconds - a.milliseconds).map((sum) => ({ ...sum, name: `${sum.name} × ${sum.count}` }))
}

async function run(path: string, given: ProfileCommandOptions): Promise<void> {
  const options = readSharedOptions(given)
  if (options.backend === 'apple') {
    throw new CoreMLError(
      'ERR_ARGUMENT',
      'profile measures the portable backend; Core ML tells no times of single ops (compare shows its plan)',
    )
  }
  const signal = interruptSignal()
  // Before it works: the thermal state is that of its beginning.
  const machine = describeMachine()
  const progress = startProgress(`profiling ${basename(path)}`)
  let profile: Profile
  try {
    profile = await profileModel(path, {
      functionName: options.function,
      threads: options.threads,
      precision: options.precision,
      predictions: options.iterations,
      signal,
      onPrediction: (done, of) => progress.update(`profiling ${basename(path)}: ${done} of ${of} predictions`),
      async inputs(description) {
        const cases = await readInputValues(description.inputs, options)
        const isGiven = cases.some((values) => Object.keys(values).length > 0)
        return isGiven
          ? Promise.all(cases.map((values) => coerceInputs(description.inputs, values, {}, imageFiles)))
          : generateInputs(description, options.seed, 4)
      },
    })
  } finally {
    progress.stop()
  }
  if (options.json) {
    const result = { schemaVersion, model: path, backend: 'portable', computeUnits: 'cpuOnly', machine, ...profile }
    process.stdout.write(`${JSON.stringify(result)}\n`)
    return
  }
  const lines = [
    `${basename(path)}  portable backend, cpuOnly, ${numberText(profile.milliseconds)} ms a prediction (mean of ${profile.predictions}, profiler included)`,
    '',
    'by operator',
    ...table(byOperator(profile), options.top),
    '',
    'by node',
    ...table(
      profile.nodes.map((node) => ({ ...node, name: `${node.operator}  ${node.name}` })),
      options.top,
    ),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

export function define(command: Command): void {
  command
    .argument('<model>', '.mlmodel file or .mlpackage folder')
    .addOption(
      new Option('-i, --input <name=value>', 'an input, as for predict; again for each input')
        .argParser((text: string, all: string[]) => [...all, text])
        .default([], 'made up'),
    )
    .option('--inputs <file>', 'inputs by name from a .npz or .json file')
    .option('--iterations <count>', 'predictions to measure', parseCount, 20)
    .option('--seed <number>', 'seed of made-up inputs', parseSeed, 1)
    .option('--top <count>', 'rows to show', parseCount, 15)
    .addHelpText('after', '\nExample:\n  coreml-bridge profile MobileNetV2.mlpackage --threads 1')
    .action(run)
  addSharedOptions(command, ['json', 'backend', 'function', 'threads', 'precision'])
}
