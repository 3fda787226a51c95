/**
 * The apple backend over the stand-in for Core ML, for units in child processes. COREML_STANDIN_ADDON names the addon, COREML_STANDIN_SETTINGS a JSON file with the
 * stand-in's switches by unit ("*" for all): it is read again before each compilation and load, and whenever the machine's condition is asked for.
 */
import { readFileSync } from 'node:fs'
import { appleBackend } from '../../../dist/backends/apple/backend.js'
import { setBindingForTests } from '../../../dist/backends/apple/load-binding.js'

const module = { exports: {} }
process.dlopen(module, process.env.COREML_STANDIN_ADDON)
const addon = module.exports
setBindingForTests(() => addon)
let units = '*'

function configure() {
  const settings = JSON.parse(readFileSync(process.env.COREML_STANDIN_SETTINGS, 'utf8'))
  addon.standin.configure({ ...settings['*'], ...settings[units] })
}

/** The addon, for whoever describes the machine in this process. */
export const binding = addon

/** What the stand-in counted, for the cost of the loop. */
export const events = () => addon.standin.events()

export const backend = {
  ...appleBackend,
  computeUnits() {
    configure()
    return appleBackend.computeUnits()
  },
  compile(source, destination) {
    configure()
    return appleBackend.compile(source, destination)
  },
  load(path, options) {
    units = options.computeUnits
    configure()
    return appleBackend.load(path, options)
  },
  condition() {
    configure()
    return appleBackend.condition()
  },
}
