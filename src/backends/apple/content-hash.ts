import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

async function addFile(hash: Hash, path: string): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
}

async function addFolder(hash: Hash, folder: string, prefix: string): Promise<void> {
  for (const entry of (await readdir(folder)).sort((a, b) => (a < b ? -1 : 1))) {
    const path = join(folder, entry)
    const name = `${prefix}${entry}`
    const found = await stat(path)
    if (found.isDirectory()) {
      await addFolder(hash, path, `${name}/`)
    } else {
      // Name and length delimit the contents, so that no two packages read alike.
      hash.update(`\0${name}\0${found.size}\0`)
      await addFile(hash, path)
    }
  }
}

/** SHA-256 over a file, or over the names and contents of a folder, and over `salt`. Hexadecimal. */
export async function contentHash(path: string, salt: string): Promise<string> {
  const hash = createHash('sha256').update(salt)
  if ((await stat(path)).isDirectory()) await addFolder(hash, path, '')
  else await addFile(hash, path)
  return hash.digest('hex')
}
