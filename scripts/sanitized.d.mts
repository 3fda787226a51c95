export function sanitizedEnvironment(sanitizer: 'asan' | 'tsan', addon: string, folder: string): NodeJS.ProcessEnv
