// Loads a model and leaves without disposing of it.
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { Model } from '../../../../dist/index.js'

await Model.load(process.argv[2], { backend: 'apple' })
console.log(`${readdirSync(tmpdir()).length} in the temporary folder`)
process.exit(0)
