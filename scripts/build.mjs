// Compiles src/ to dist/. Files whose source is gone are removed, so that the package never ships a leftover.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')

if (existsSync(dist)) {
  for (const entry of readdirSync(dist, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !/\.(js|d\.ts)$/.test(entry.name)) continue
    const file = join(entry.parentPath ?? entry.path, entry.name)
    const source = join(root, 'src', relative(dist, file).replace(/\.(js|d\.ts)$/, '.ts'))
    if (!existsSync(source)) rmSync(file)
  }
}
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), '--noEmitOnError'], { stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)
chmodSync(join(dist, 'cli', 'main.js'), 0o755)
