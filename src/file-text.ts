/** The text of a file, as tools on Windows write it, too: UTF-8, or UTF-16 that a byte-order mark tells. No mark is part of the text. */
export function fileText(bytes: Uint8Array): string {
  return new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8').decode(bytes)
}
