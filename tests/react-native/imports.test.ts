import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const dist = fileURLToPath(new URL('../../dist/', import.meta.url))

/** What each module that is reached from `entry` imports or requires, by its path in dist. */
function importsFrom(entry: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const open = [join(dist, entry)]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    const name = relative(dist, file)
    if (found.has(name)) continue
    const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true)
    const specifiers = importedFiles.map(({ fileName }) => fileName)
    found.set(name, specifiers)
    for (const specifier of specifiers) if (/^\..*\.js$/.test(specifier)) open.push(join(dirname(file), specifier))
  }
  return found
}

test('the entry of React Native reaches no module of Node’s, no package, and one native part', () => {
  const imports = importsFrom('react-native/index.js')
  expect([...imports.keys()]).toEqual(expect.arrayContaining(['model/base-model.js', 'backends/apple/model.js', 'react-native/images.js']))
  const others = [...imports].flatMap(([file, specifiers]) =>
    specifiers.filter((specifier) => !/^\..*\.js$/.test(specifier)).map((specifier) => [file, specifier]),
  )
  expect(others).toEqual([['react-native/binding.js', '../../prebuilds/ios/coreml.node']])
})

test('the walk sees what Node’s entry reaches', () => {
  const others = [...importsFrom('index.js').values()].flat()
  expect(others).toEqual(expect.arrayContaining(['node:fs/promises', './measure/compare.js']))
})
