import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { isAbsolute, join, relative, sep } from 'node:path'
import { z } from 'zod'
import { CoreMLError } from '../errors.ts'

/** The manifest of a package, as far as a reader needs it. */
const manifestSchema = z.object({
  rootModelIdentifier: z.string(),
  itemInfoEntries: z.record(z.string(), z.object({ path: z.string(), name: z.string().optional(), author: z.string().optional() })),
})

const maxManifest = 16 << 20

function invalid(path: string, problem: string): never {
  throw new CoreMLError('ERR_MODEL_INVALID', `${path} is no valid model: ${problem}`)
}

/**
 * The file `name`, a path with slashes, inside the folder `root`; symbolic links are followed and must stay inside as well.
 * Throws ERR_MODEL_INVALID, naming `owner`, if it leads outside or does not exist.
 */
export function pathInside(root: string, name: string, owner: string): string {
  const path = join(root, name)
  const outside = (from: string, to: string) => {
    const way = relative(from, to)
    return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
  }
  if (isAbsolute(name) || name.includes('\0') || outside(root, path)) invalid(owner, `"${name}" points outside the package`)
  if (!existsSync(path)) invalid(owner, `"${name}" does not exist`)
  if (outside(realpathSync(root), realpathSync(path))) invalid(owner, `"${name}" points outside the package`)
  if (!statSync(path).isFile()) invalid(owner, `"${name}" is not a file`)
  return path
}

/** The model file that the manifest of a package names. */
export function findModelInPackage(path: string): string {
  const manifestPath = join(path, 'Manifest.json')
  const info = statSync(manifestPath, { throwIfNoEntry: false })
  if (info === undefined) invalid(path, 'it has no Manifest.json')
  if (!info.isFile() || info.size > maxManifest) invalid(path, 'its Manifest.json is no file of a reasonable size')
  let json: unknown
  try {
    json = JSON.parse(readFileSync(manifestPath, 'utf8'))
  } catch (error) {
    invalid(path, `its Manifest.json is no JSON: ${(error as Error).message}`)
  }
  const manifest = manifestSchema.safeParse(json)
  if (!manifest.success) {
    const issue = manifest.error.issues[0]
    invalid(path, `its Manifest.json: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  const { rootModelIdentifier, itemInfoEntries } = manifest.data
  const item = Object.hasOwn(itemInfoEntries, rootModelIdentifier) ? itemInfoEntries[rootModelIdentifier] : undefined
  if (item === undefined) invalid(path, `its Manifest.json has no entry for the root model ${JSON.stringify(rootModelIdentifier)}`)
  if (!existsSync(join(path, 'Data'))) invalid(path, 'it has no folder Data')
  return pathInside(join(path, 'Data'), item.path, path)
}
