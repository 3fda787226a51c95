export function vitestScript(): string
