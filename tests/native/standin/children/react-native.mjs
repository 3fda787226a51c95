// An app's JavaScript engine has no Node in it: node --conditions=react-native react-native.mjs ADDON|none MODEL
const [addonPath, modelPath] = process.argv.slice(2)
const module = { exports: {} }
if (addonPath !== 'none') process.dlopen(module, addonPath)
const required = []
globalThis.require = (path) => {
  required.push(path)
  if (addonPath === 'none') throw new Error('no such module')
  return module.exports
}
const print = console.log
for (const name of [
  'process',
  'Buffer',
  'global',
  'setImmediate',
  'clearImmediate',
  'SharedArrayBuffer',
  'Float16Array',
  'structuredClone',
])
  delete globalThis[name]

const { Model, ...rest } = await import('coreml-bridge')
try {
  const model = await Model.load(modelPath)
  const { y } = await model.predict({ x: [1, 2, 3, 4] })
  await model.dispose()
  print(JSON.stringify({ exports: ['Model', ...Object.keys(rest)].sort(), outputs: [...y.data], required }))
} catch ({ code, message }) {
  print(JSON.stringify({ code, message }))
}
