// Generates src/format/gen and src/backends/portable/onnx/gen from proto/.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const descriptor = join(root, 'src/format/descriptor.ts')

for (const [template, folder] of [
  ['buf.gen.yaml', 'src/format/gen'],
  ['buf.gen.onnx.yaml', 'src/backends/portable/onnx/gen'],
]) {
  const { status } = spawnSync('buf', ['generate', '--template', template], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  // The library makes all descriptors when it is loaded, which takes longer than a small model: ours makes those that are asked for.
  for (const name of readdirSync(join(root, folder))) {
    const file = join(root, folder, name)
    const ours = relative(join(root, folder), descriptor)
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/"@bufbuild\/protobuf(\/codegenv2)?"/g, `"${ours}"`))
  }
}
