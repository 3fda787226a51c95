import { CoreMLError } from '../errors.ts'
import { decodeNpy, encodeNpy, type NpyArray } from './npy.ts'

/** Unpacked bytes of the largest .npz that is read. */
const maxUnpacked = 4 * 1024 ** 3

/**
 * Reads a .npz file: its arrays by name, in the file's order.
 * @throws CoreMLError ERR_INPUT for damaged files
 */
export async function decodeNpz(bytes: Uint8Array): Promise<Map<string, NpyArray>> {
  const { unzipSync } = await import('fflate')
  let total = 0
  let files: Record<string, Uint8Array>
  try {
    files = unzipSync(bytes, {
      filter: ({ name, size, originalSize, compression }) => {
        total += originalSize
        // Deflate packs at most about 1032 to 1: what claims more would only make us allocate memory.
        const claims = compression === 0 ? originalSize > size : originalSize > size * 1100 + 1024
        if (claims || total > maxUnpacked)
          throw new CoreMLError('ERR_INPUT', `not a sound .npz file: "${name}" claims ${originalSize} bytes`)
        return name.endsWith('.npy')
      },
    })
  } catch (error) {
    if (error instanceof CoreMLError) throw error
    throw new CoreMLError('ERR_INPUT', `not a sound .npz file: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  const arrays = new Map<string, NpyArray>()
  for (const [file, content] of Object.entries(files)) {
    const name = file.slice(0, -'.npy'.length)
    try {
      arrays.set(name, decodeNpy(content))
    } catch (error) {
      if (error instanceof CoreMLError) throw new CoreMLError(error.code, `array "${name}": ${error.message}`, { cause: error })
      throw error
    }
  }
  return arrays
}

/** Writes arrays by name as a .npz file, stored without compression as `numpy.savez` does. */
export async function encodeNpz(arrays: Map<string, NpyArray>): Promise<Uint8Array> {
  const { zipSync } = await import('fflate')
  const files: Record<string, Uint8Array> = {}
  for (const [name, array] of arrays) files[`${name}.npy`] = encodeNpy(array)
  return zipSync(files, { level: 0 })
}
