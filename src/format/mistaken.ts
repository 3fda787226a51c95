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
  const text = start.toString('latin1')
  const mistake = mistakes.find(([beginning]) => text.startsWith(beginning))
  if (mistake) return mistake[1]
  // A link of a repository that was checked out as a file holds the path that it leads to.
  return /^[\t\n\r -~]+$/.test(text) ? `it is a text, which begins with ${JSON.stringify(text)}` : undefined
}
