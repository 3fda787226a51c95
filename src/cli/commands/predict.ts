import { type Command, Option } from 'commander'
import { CoreMLError } from '../../errors.ts'
import { type ResizeMode, resizeModes } from '../../images/options.ts'
import { addSharedOptions } from '../options.ts'
import type { PredictCommandOptions } from '../predict/run.ts'

function parseResize(text: string): ResizeMode {
  const mode = resizeModes.find((candidate) => candidate === text)
  if (mode) return mode
  throw new CoreMLError('ERR_ARGUMENT', `--resize ${text}: expected ${resizeModes.join(', ')}`)
}

export function define(command: Command): void {
  command
    .argument('<model>', '.mlmodel file or .mlpackage folder')
    .addOption(
      new Option(
        '-i, --input <name=value>',
        'an input: a number, 1,2,3, JSON, text, or a .npy, .npz, .json, PNG or JPEG file; again for each input',
      )
        .argParser((text: string, all: string[]) => [...all, text])
        .default([], 'none'),
    )
    .option('--inputs <file>', 'inputs by name from a .npz or .json file; several cases make several predictions')
    .option('-o, --out <file.npz>', 'write the outputs to a .npz file')
    .option('--image-dir <folder>', 'where image outputs are written as PNG', '.')
    .option('--resize <mode>', `images of another size than the model takes: ${resizeModes.join(', ')}`, parseResize)
    .addHelpText('after', '\nExample:\n  coreml-bridge predict MobileNetV2.mlpackage --input image=cat.jpg')
    .action(async (path: string, options: PredictCommandOptions) => (await import('../predict/run.ts')).runPredict(path, options))
  addSharedOptions(command, ['json', 'backend', 'unit', 'function', 'threads', 'precision'])
}
