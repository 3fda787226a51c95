import { fileURLToPath } from 'node:url'
import type { CoreMLError } from '../errors.ts'

/** The `file:` URL that a text is: one that begins with `file:/`. Any other text is a path. */
export function fileUrlOf(text: string): URL | undefined {
  return /^file:\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined
}

/** The path of a `file:` URL; `refuse` makes the error of one that has none: of another host, with %2F in it, or with a percent sign that says nothing. */
export function pathOfUrl(url: URL, refuse: (problem: string) => CoreMLError): string {
  try {
    return fileURLToPath(url)
  } catch (error) {
    throw refuse(`${url.href} (${(error as Error).message})`)
  }
}
