import type { Command } from 'commander'
import { CoreMLError } from '../../errors.ts'
import { bytesText } from '../../measure/words.ts'
import { didYouMean } from '../../model/suggest.ts'
import { addSharedOptions, type SharedOptions } from '../options.ts'

/** Version of the form of `cache … --json`. */
const schemaVersion = 1

async function list({ json }: SharedOptions): Promise<void> {
  const { cachePath, listCache } = await import('../../backends/apple/cache.ts')
  const [path, entries] = [cachePath(), await listCache()]
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  if (json) {
    process.stdout.write(`${JSON.stringify({ schemaVersion, path, bytes, entries })}\n`)
    return
  }
  const width = Math.max(0, ...entries.map(({ name }) => name.length))
  const lines = entries.map(
    (entry) =>
      `${entry.name.padEnd(width)}  ${bytesText(entry.bytes).padStart(10)}  last used ${entry.lastUsed.toISOString().slice(0, 16).replace('T', ' ')}  ${entry.key}`,
  )
  process.stdout.write(
    `${[...lines, `${entries.length} compiled model${entries.length === 1 ? '' : 's'}, ${bytesText(bytes)}, in ${path}`].join('\n')}\n`,
  )
}

async function clear({ json }: SharedOptions): Promise<void> {
  const { clearCache } = await import('../../backends/apple/cache.ts')
  const { freed, inUse } = await clearCache()
  const kept = inUse === 0 ? '' : `; ${inUse} compiled model${inUse === 1 ? ' is' : 's are'} in use and stay${inUse === 1 ? 's' : ''}`
  process.stdout.write(json ? `${JSON.stringify({ schemaVersion, freedBytes: freed, inUse })}\n` : `freed ${bytesText(freed)}${kept}\n`)
}

async function path({ json }: SharedOptions): Promise<void> {
  const { cachePath } = await import('../../backends/apple/cache.ts')
  process.stdout.write(json ? `${JSON.stringify({ schemaVersion, path: cachePath() })}\n` : `${cachePath()}\n`)
}

function unknownCommand(word: string, names: readonly string[]): CoreMLError {
  return new CoreMLError('ERR_ARGUMENT', `cache: there is no command "${word}"${didYouMean(word, names)} (commands: ${names.join(', ')})`)
}

export function define(command: Command): void {
  const actions = {
    list: ['show what is kept', list],
    clear: ['remove everything that is not in use', clear],
    path: ['show where', path],
  } as const
  for (const [name, [summary, action]] of Object.entries(actions)) {
    const sub = command
      .command(name, { isDefault: name === 'list' })
      .description(summary)
      .exitOverride()
      .configureOutput(command.configureOutput())
    addSharedOptions(sub, ['json']).action((options: SharedOptions) => action(options))
    // An unknown word arrives here as an argument of the default command.
    if (name === 'list')
      sub.allowExcessArguments().hook('preAction', () => {
        const [word] = sub.args
        if (word !== undefined) throw unknownCommand(word, Object.keys(actions))
      })
  }
  command.addHelpText(
    'after',
    '\nEnvironment:\n  COREML_BRIDGE_CACHE        another folder\n  COREML_BRIDGE_CACHE_LIMIT  bytes that it may take (default 4 GB)',
  )
}
