import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readAvailability } from '../../scripts/apple-names/availability.mjs'
import { compareAvailability } from '../../scripts/apple-names/compare-availability.mjs'
import { readSince } from '../../scripts/apple-names/since.mjs'
import { fetchedTypes } from '../../scripts/apple-names/types-ios.mjs'

/**
 * Since which system a declaration of ours is there: held against a second source, declarations that were generated from Apple's SDK for iOS. A wrong version
 * would let the addon send a message that an older system does not know, and no compiler would warn.
 */

const file = fetchedTypes()
const skipNote = file ? '' : ' (skipped: @nativescript/types-ios was not fetched; npm test does it)'

/** Without notes in the package, each with the version that Apple documents and where: whoever changes one looks there. */
const documented = new Map([
  // A member of an enumeration: only enumerations themselves have a note.
  ['MLFeatureTypeState', 'iOS 18.0, macOS 15.0: https://developer.apple.com/documentation/coreml/mlfeaturetype/state'],
  ['MLMultiArrayDataTypeInt8', 'iOS 26.0, macOS 26.0: https://developer.apple.com/documentation/coreml/mlmultiarraydatatype/int8'],
  // The package has it without its note.
  [
    'MLMultiArrayShapeConstraintType',
    'iOS 12.0, macOS 10.14: https://developer.apple.com/documentation/coreml/mlmultiarrayshapeconstrainttype',
  ],
  // Foundation's, which the package has in another file.
  [
    'NSProcessInfo thermalState',
    'iOS 11.0, macOS 10.10.3: https://developer.apple.com/documentation/foundation/nsprocessinfo/thermalstate',
  ],
  [
    'NSProcessInfo isLowPowerModeEnabled',
    'iOS 9.0, macOS 12.0: https://developer.apple.com/documentation/foundation/nsprocessinfo/islowpowermodeenabled',
  ],
  ['NSProcessInfoThermalState', 'iOS 11.0, macOS 10.10.3: https://developer.apple.com/documentation/foundation/nsprocessinfothermalstate'],
  ['MLModelDescription signature', "the stand-in's own"],
])

const read = (name: string) => readFileSync(`native/${name}`, 'utf8')

describe.skipIf(!file)(`versions of what native/ declares${skipNote}`, () => {
  const { since, values } = file ? readSince(readFileSync(file, 'utf8')) : { since: new Map(), values: new Map() }
  const elsewhere = new Set(documented.keys())

  test.each([
    ['coreml/newer_api.h', 60],
    // Without versions: everything there must be as old as the oldest system that the addon runs on.
    ['standin/include/CoreML/CoreML.h', 110],
  ])('%s says what Apple says', (name, fewest) => {
    const declared = readAvailability(read(name))
    expect(declared.length).toBeGreaterThan(fewest)
    expect(compareAvailability(declared, since, elsewhere)).toEqual([])
  })

  test('the values that are written as numbers are Apple’s', () => {
    expect(read('coreml/newer_api.h')).toContain(`MLFeatureTypeState = (MLFeatureType)${values.get('MLFeatureTypeState')};`)
    expect(read('coreml/newer_api.h')).toContain(`((MLMultiArrayDataType)0x${values.get('MLMultiArrayDataTypeInt8')!.toString(16)})`)
  })

  test('the comparison sees what is wrong', () => {
    const wrong = readAvailability(`
      API_AVAILABLE(macos(14.0), ios(17.0))
      @interface MLComputePlan : NSObject
      @property(readonly, nonatomic) MLModelStructure *modelStructure;
      @end
      API_AVAILABLE(macos(14.0), ios(18.0))
      @interface MLState : NSObject
      @end
      @interface MLModel (States)
      - (MLState *)newState;
      - (void)predictEverything API_AVAILABLE(macos(15.0), ios(18.0));
      @end
      FOUNDATION_EXPORT NSArray *MLAllComputeDevices(void);
      typedef NS_ENUM(NSInteger, MLSpecializationStrategy) {
        MLSpecializationStrategyDefault = 0,
      } API_AVAILABLE(macos(15.0), ios(17.4));
    `)
    expect(compareAvailability(wrong, since)).toEqual([
      "MLComputePlan: iOS 17.0, Apple's is 17.4",
      "MLComputePlan modelStructure: iOS 17.0, Apple's is 17.4",
      "MLState: macOS 14.0 with iOS 18.0, Apple's is 15.0",
      "MLModel newState: declared without a version, Apple's is iOS 18.0",
      'MLModel predictEverything: not carried',
      "MLSpecializationStrategy: iOS 17.4, Apple's is 18.0",
      "MLAllComputeDevices: declared without a version, Apple's is iOS 17.0",
    ])
  })
})
