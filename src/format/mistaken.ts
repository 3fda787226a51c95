import type { Source } from './source.ts'

const mistakes: [start: string, hint: string][] = [
  ['PK\x03\x04', 'it is a ZIP archive: unpack it and open what is inside'],
  ['version https://git-lfs', 'it is a Git LFS pointer: fetch the file itself with "git lfs pull"'],
  ['{', 'it is a JSON file: open the folder that it describes'],
]

/** What a file that could not be read may be instead, if its first bytes tell. */
export function mistakenFor(source: Source): string | undefined {
  const start = Buffer.alloc(Math.min(source.size, 32))
  source.read(start, 0)
  return mistakes.find(([text]) => start.toString('latin1').startsWith(text))?.[1]
}
