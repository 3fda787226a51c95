import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findMethod, readBindings } from '../../scripts/apple-names/bindings.mjs'
import { compareHeader } from '../../scripts/apple-names/compare.mjs'
import { readHeader } from '../../scripts/apple-names/declarations.mjs'
import { fetchedBindings } from '../../scripts/apple-names/fetch.mjs'
import { messagesSent } from '../../scripts/apple-names/uses.mjs'

/**
 * Apple's names cannot drift: what the stand-in and newer_api.h declare, and what native/ sends, is held against bindings that were generated
 * from Apple's SDK. `npm test` fetches them as packages where cargo is installed.
 */

const folder = fetchedBindings()
const hasClang = spawnSync('clang++-19', ['--version']).status === 0
const skipNote = folder ? '' : ' (skipped: the bindings were not fetched; apt-get install cargo-web, then npm test)'

const headers = [
  'coreml/newer_api.h',
  'standin/include/CoreML/CoreML.h',
  'standin/include/CoreVideo/CoreVideo.h',
  'standin/include/CoreFoundation/CoreFoundation.h',
  'standin/include/CoreGraphics/CoreGraphics.h',
  'standin/include/ImageIO/ImageIO.h',
  'standin/include/IOKit/IOKitLib.h',
  'standin/include/Metal/Metal.h',
]

/** Names that the bindings do not have, each with the reason. IOReport, a private API, is not among the headers at all. */
const unverifiable = new Map([
  ['MLModelDescription signature', "the stand-in's own"],
  ...['CVPixelBufferRetain', 'CVPixelBufferRelease', 'CGImageRelease', 'CGColorSpaceRelease', 'CGContextRelease'].map(
    (name): [string, string] => [name, 'reference counting, which the bindings do themselves'],
  ),
  ['kCGBitmapByteOrder32Big', 'a member of an option set that the bindings spell kCGImageByteOrder32Big'],
])

/** Messages that every object takes: the bindings leave them to their runtime. */
const rootMessages = new Set([
  'alloc',
  'init',
  'new',
  'retain',
  'release',
  'autorelease',
  'class',
  'isKindOfClass:',
  'respondsToSelector:',
  'description',
])

const emptyBindings: ReturnType<typeof readBindings> = { types: new Map(), functions: new Map(), constants: new Map() }

const header = (name: string) => readHeader(readFileSync(join('native', name), 'utf8'))

describe.skipIf(!folder)(`Apple's names${skipNote}`, () => {
  // The body of a skipped suite runs too.
  const bindings = folder ? readBindings(folder) : emptyBindings

  test.each(headers)('everything that %s declares is Apple’s', (name) => {
    const declared = header(name)
    expect(declared.types.length + declared.constants.size + declared.functions.size).toBeGreaterThan(0)
    expect(compareHeader(declared, bindings, { unverifiable })).toEqual([])
  })

  test('the comparison sees what is wrong', () => {
    const wrong = readHeader(`
      @interface MLModel : NSObject
      + (MLModel *)modelWithContentsOfURL:(NSURL *)url configuration:(NSInteger)configuration error:(NSError **)error;
      - (void)predictEverything;
      @property(readonly) NSInteger modelDescription;
      @end
      @interface MLNoSuchThing : NSObject
      @end
      typedef NS_ENUM(NSInteger, MLComputeUnits) { MLComputeUnitsCPUOnly = 7 };
      CVReturn CVPixelBufferLockBaseAddress(CVPixelBufferRef buffer);
    `)
    const problems = compareHeader(wrong, bindings).join('\n')
    expect(problems).toMatch(/modelWithContentsOfURL:configuration:error:: argument 2/)
    expect(problems).toMatch(/predictEverything: Apple has no such method/)
    expect(problems).toMatch(/modelDescription: gives/)
    expect(problems).toMatch(/MLNoSuchThing: Apple has no such class/)
    expect(problems).toMatch(/MLComputeUnitsCPUOnly: 7, Apple's is 0/)
    expect(problems).toMatch(/CVPixelBufferLockBaseAddress: 1 arguments, Apple's has 2/)
  })

  test.skipIf(!hasClang)(
    `every message that native/ sends is Apple's${hasClang ? '' : ' (skipped: apt-get install clang-19)'}`,
    { timeout: 300_000 },
    async () => {
      const anywhere = new Set([...bindings.types.values()].flatMap(({ methods }) => [...methods.keys()]))
      const messages = await messagesSent()
      expect(messages.length).toBeGreaterThan(100)
      const unknown = messages.filter(({ receiver, selector }) => {
        if (rootMessages.has(selector)) return false
        return bindings.types.has(receiver) ? !findMethod(bindings, receiver, selector) : !anywhere.has(selector)
      })
      expect(unknown).toEqual([])
    },
  )
})

describe('newer_api.h', () => {
  const text = readFileSync('native/coreml/newer_api.h', 'utf8')

  test.each([
    ['14.0', 'MLComputeDeviceProtocol'],
    ['14.4', 'MLComputePlan'],
    ['15.0', 'MLState'],
  ])('declares nothing of macOS %s to an SDK that has %s.h', (version, witness) => {
    const parts = [...text.matchAll(/^#if !__has_include\(<CoreML\/(\w+)\.h>\)$(.*?)^#endif$/gms)]
    const versions = (part = '') => new Set([...part.matchAll(/API_AVAILABLE\(macos\(([\d.]+)\)/g)].map((match) => match[1]))
    expect(versions(parts.find(([, header]) => header === witness)?.[2])).toEqual(new Set([version]))
    const outside = parts.reduce((rest, [part]) => rest.replace(part, ''), text)
    expect(versions(outside)).toEqual(new Set())
  })
})
