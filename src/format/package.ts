import { existsSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute, join, relative, sep } from 'node:path'
import { CoreMLError } from '../errors.ts'
import { fileText } from '../file-text.ts'

const maxManifest = 16 << 20

function invalid(path: string, problem: string): never {
  throw new CoreMLError('ERR_MODEL_INVALID', `${path} is no valid model: ${problem}`)
}

/**
 * The file `name`, a path with slashes, inside the folder `root`. Symbolic links are followed wherever they lead: caches of model hubs keep the files of a
 * package elsewhere. Throws ERR_MODEL_INVALID, naming `owner`, if the name itself leads outside, or to no file; if the owner is no package, with what to open.
 */
export function pathInside(root: string, name: string, owner: string, kind: 'mlmodel' | 'mlpackage' = 'mlpackage'): string {
  const path = join(root, name)
  const way = relative(root, path)
  const isOutside = way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
  if (isAbsolute(name) || name.includes('\0') || isOutside) invalid(owner, `"${name}" points outside the package`)
  if (!existsSync(path)) {
    const whole = kind === 'mlmodel' ? ' beside it: the file is a part of a package; open the whole .mlpackage folder' : ''
    invalid(owner, `"${name}" does not exist${whole}`)
  }
  if (!statSync(path).isFile()) invalid(owner, `"${name}" is not a file`)
  return path
}

/** The members of a value of a JSON file; none if it is no object. */
function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function kindOf(value: unknown): string {
  return value === undefined ? 'missing' : value === null ? 'null' : `of type ${typeof value}`
}

/** The model file that the manifest of a package names. */
export function findModelInPackage(path: string): string {
  const manifestPath = join(path, 'Manifest.json')
  const info = statSync(manifestPath, { throwIfNoEntry: false })
  if (info === undefined) invalid(path, 'it has no Manifest.json')
  if (!info.isFile() || info.size > maxManifest) invalid(path, 'its Manifest.json is no file of a reasonable size')
  let json: unknown
  try {
    json = JSON.parse(fileText(readFileSync(manifestPath)))
  } catch (error) {
    invalid(path, `its Manifest.json is no JSON: ${(error as Error).message}`)
  }
  const manifest = object(json)
  const root = manifest.rootModelIdentifier
  if (typeof root !== 'string') invalid(path, `its Manifest.json: rootModelIdentifier is ${kindOf(root)}, expected the name of an item`)
  const items = object(manifest.itemInfoEntries)
  const item = Object.hasOwn(items, root) ? items[root] : undefined
  if (item === undefined) invalid(path, `its Manifest.json has no entry for the root model ${JSON.stringify(root)}`)
  const name = object(item).path
  if (typeof name !== 'string') invalid(path, `its Manifest.json: the path of the root model is ${kindOf(name)}, expected text`)
  if (!existsSync(join(path, 'Data'))) invalid(path, 'it has no folder Data')
  return pathInside(join(path, 'Data'), name, path)
}
