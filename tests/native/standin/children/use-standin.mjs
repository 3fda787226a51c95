// node --import …: this process is a Mac with the stand-in's Core ML, for the command and for what it starts.
const { setBindingForTests } = await import(new URL('../../../../dist/backends/apple/load-binding.js', import.meta.url))
const module = { exports: {} }
setBindingForTests(() => {
  if (module.exports.machine === undefined) process.dlopen(module, process.env.COREML_STANDIN_ADDON)
  return module.exports
})
Object.defineProperty(process, 'platform', { value: 'darwin' })
