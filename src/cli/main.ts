#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { CoreMLError } from '../errors.ts'
import { didYouMean } from '../model/suggest.ts'
import { packageVersion } from '../version.ts'
import { commands } from './commands.ts'
import { reportError } from './errors.ts'
import { exitCode } from './exit-code.ts'

/** What stands where a command is named, also after `help`. */
function commandWord(args: readonly string[]): string | undefined {
  const [first, second] = args.filter((arg) => !arg.startsWith('-'))
  return first === 'help' ? second : first
}

async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('coreml-bridge')
    .description('Run Core ML models, see where they run, and how fast: on the CPU, the GPU and the Neural Engine.')
    .version(packageVersion(), '--version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .exitOverride()
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExit status: 0 fine, 1 a gate or verdict failed, 2 wrong usage or input, 3 unit or backend not available, 130 interrupted.',
    )
  const used = commandWord(args)
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const command = program.command(name).description(summary).exitOverride().configureOutput(program.configureOutput())
    if (name === used) (await load()).define(command)
  }
  return program
}

/** Runs the command line. @returns the exit status */
async function run(args: readonly string[]): Promise<number> {
  const flags = { json: args.includes('--json'), verbose: args.includes('--verbose') }
  try {
    const program = await buildProgram(args)
    const word = commandWord(args)
    if (word !== undefined && !Object.hasOwn(commands, word)) {
      throw new CoreMLError(
        'ERR_ARGUMENT',
        `there is no command "${word}"${didYouMean(word, Object.keys(commands))} (commands: ${Object.keys(commands).join(', ')})`,
      )
    }
    if (args.length === 0) {
      process.stderr.write(program.helpInformation())
      return exitCode.usage
    }
    await program.parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? exitCode.fine)
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCode.fine
    return reportError(error, flags)
  }
}

// A reader that has seen enough (`| head`) is no error, and changes nothing about a gate that fails.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  const unwritten = new CoreMLError('ERR_FILE', `cannot write to standard output: ${error.message}`, { cause: error })
  process.exit(reportError(unwritten, { json: false, verbose: false }))
})
process.stderr.on('error', () => {})

run(process.argv.slice(2)).then((status) => {
  process.exitCode = status
})
