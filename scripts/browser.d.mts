import type { Browser } from 'playwright-core'
export const browserPath: string | undefined
export function launch(): Promise<Browser>
