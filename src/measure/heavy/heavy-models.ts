import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import envPaths from 'env-paths'
import { throwIfAborted } from '../../model/abort.ts'
import type { ModelToCompare } from '../options.ts'
import { type Family, families, type Scale } from './families.ts'
import { MilBuilder } from './mil-builder.ts'

/** Raised when a family's program changes, so that models made before are made again. */
const edition = 1
const seed = 20_260

/** Folder that keeps the models that were made. */
export function heavyFolder(): string {
  return path.join(envPaths('coreml-bridge', { suffix: '' }).cache, 'heavy', String(edition))
}

/** Writes one family's model to `file`, a `.mlpackage`. */
export async function makeModel({ build, stateful }: Family, scale: Scale, file: string): Promise<void> {
  const builder = new MilBuilder(seed, { stateful })
  build(builder, scale)
  await builder.write(file)
}

/** Options of {@link heavyModels}. */
export interface HeavyOptions {
  /** Where the models are kept; the user's cache when absent. */
  folder?: string
  /** Looked at between models. */
  signal?: AbortSignal
  /** Told the name of each model that has to be made. */
  onProgress?: (name: string) => void
}

/**
 * The heavy models, with random weights: made where they are not there yet (some seconds and half a gigabyte in all), and kept.
 * @throws an AbortError
 */
export async function heavyModels({
  folder = heavyFolder(),
  signal,
  onProgress,
}: HeavyOptions = {}): Promise<(ModelToCompare & { name: string })[]> {
  await mkdir(folder, { recursive: true })
  const models: (ModelToCompare & { name: string })[] = []
  for (const family of families) {
    throwIfAborted(signal)
    const file = path.join(folder, `${family.name}.mlpackage`)
    if (!existsSync(file)) {
      onProgress?.(family.name)
      await makeModel(family, 'heavy', file)
    }
    models.push({ name: family.name, family: family.family, path: file })
  }
  return models
}
