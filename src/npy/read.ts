import { readFile } from 'node:fs/promises'
import { CoreMLError } from '../errors.ts'
import { fileError } from '../file-error.ts'
import { decodeNpy, type NpyArray } from './npy.ts'
import { decodeNpz } from './npz.ts'

async function read<T>(path: string, decode: (bytes: Uint8Array) => T | Promise<T>): Promise<T> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    throw fileError(path, error)
  }
  try {
    return await decode(bytes)
  } catch (error) {
    throw error instanceof CoreMLError ? new CoreMLError(error.code, `${path}: ${error.message}`, { cause: error }) : error
  }
}

/**
 * The array of a .npy file; errors name the file.
 * @throws CoreMLError ERR_FILE, ERR_INPUT
 */
export function readNpy(path: string): Promise<NpyArray> {
  return read(path, decodeNpy)
}

/**
 * The arrays of a .npz file by name; errors name the file.
 * @throws CoreMLError ERR_FILE, ERR_INPUT
 */
export function readNpz(path: string): Promise<Map<string, NpyArray>> {
  return read(path, decodeNpz)
}
