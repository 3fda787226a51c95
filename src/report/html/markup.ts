/** Text made safe for element content and attribute values. */
export function escapeText(text: string | number): string {
  return String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** Attributes as they stand in a tag; those without a value are left out. */
export function attributes(values: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(values)
    .map(([name, value]) => (value === undefined ? '' : ` ${name}="${escapeText(typeof value === 'number' ? round(value) : value)}"`))
    .join('')
}

/** An element; `content` is markup. */
export function element(tag: string, values: Readonly<Record<string, string | number | undefined>>, content = ''): string {
  return `<${tag}${attributes(values)}>${content}</${tag}>`
}

/** Coordinates need no more than a hundredth of a pixel. */
function round(value: number): number {
  return Math.round(value * 100) / 100
}

/** A table for eyes and screen readers: `head` names the columns, the first cell of each row its row. */
export function table(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const heading = `<tr>${head.map((text) => `<th scope="col">${escapeText(text)}</th>`).join('')}</tr>`
  const body = rows.map(
    ([first = '', ...rest]) =>
      `<tr><th scope="row">${escapeText(first)}</th>${rest.map((text) => `<td>${escapeText(text)}</td>`).join('')}</tr>`,
  )
  const content = `<table><caption>${escapeText(caption)}</caption><thead>${heading}</thead><tbody>${body.join('')}</tbody></table>`
  return `<div class="scroll" role="group" tabindex="0" aria-label="${escapeText(caption)}">${content}</div>`
}
