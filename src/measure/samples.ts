import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { CoreMLError } from '../errors.ts'
import { fileText } from '../file-text.ts'
import { pathText } from '../model/model-source.ts'
import type { ModelToCompare } from './options.ts'

/** `index.json` of a folder of models: what the comparison needs of it. */
const index = z.object({
  schemaVersion: z.literal(1),
  models: z.array(
    z.object({
      name: z.string(),
      family: z.string(),
      path: z.string(),
      inputs: z.string().optional(),
      expected: z.string().optional(),
      psnrDb: z.number().optional(),
    }),
  ),
})

/** Folder of the sample models of this package. */
export const samplesFolder = fileURLToPath(new URL('../../models/', import.meta.url))

/** The models that a folder's `index.json` lists, with their stored inputs and expected outputs. */
export async function listedModels(folder: string): Promise<(ModelToCompare & { name: string })[]> {
  const file = path.join(folder, 'index.json')
  let text: string
  try {
    text = fileText(await readFile(file))
  } catch (error) {
    throw new CoreMLError('ERR_FILE', `there is no list of models: ${file}`, { cause: error })
  }
  let parsed: ReturnType<typeof index.safeParse>
  try {
    parsed = index.safeParse(JSON.parse(text))
  } catch (error) {
    throw new CoreMLError('ERR_FILE', `${file} is no JSON: ${(error as Error).message}`, { cause: error })
  }
  if (!parsed.success) throw new CoreMLError('ERR_FILE', `${file}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`)
  const place = (relative: string | undefined) => (relative === undefined ? undefined : path.join(folder, relative))
  return parsed.data.models.map(({ name, family, path: model, inputs, expected, psnrDb }) => ({
    name,
    family,
    path: path.join(folder, model),
    inputs: place(inputs),
    expected: place(expected),
    psnr: psnrDb,
  }))
}

/** How far above a model its list may be. */
const levels = 3

/** A model by its path; with its stored inputs and expected outputs where an `index.json` beside or above it lists it. */
export async function withStoredCases(model: string): Promise<ModelToCompare> {
  const wanted = path.resolve(pathText(model, 'compare: a model'))
  let folder = wanted
  for (let level = 0; level < levels; level++) {
    folder = path.dirname(folder)
    if (!existsSync(path.join(folder, 'index.json'))) continue
    const listed = await listedModels(folder).catch(() => [])
    const found = listed.find(({ path: candidate }) => path.resolve(candidate) === wanted)
    if (found) return { ...found, path: model }
  }
  return { path: model }
}
