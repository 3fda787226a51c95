// Compiles a model to a place: node --import use-standin.mjs compile-to.mjs MODEL DESTINATION
import { compile } from '../../../../dist/index.js'

await compile(process.argv[2], process.argv[3])
