// What the addon exports.
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { addon, addonPath, useStandin } from './addon.ts'

useStandin()

describe('the stand-in', () => {
  it('exports what the addon of a Mac exports (or of an iPhone: no energy counters, no thread-safe functions), besides its own switches', () => {
    const listed = execFileSync('nm', ['-D', '--defined-only', addonPath], { encoding: 'utf8' })
    expect(listed).toContain('napi_register_module_v1')
    const wanted = execFileSync('nm', ['-D', '--undefined-only', addonPath], { encoding: 'utf8' })
    const onPhone = addonPath.includes('react-native')
    expect(/napi_\w*threadsafe_function/.test(wanted)).toBe(!onPhone)
    expect(
      Object.keys(addon)
        .filter((name) => name !== 'standin')
        .sort(),
    ).toEqual(
      [
        ...[
          'Model',
          'State',
          'Cancellation',
          'newCancellation',
          'loadModel',
          'compileModel',
          'moveCompiled',
          'removeCompiled',
          'functionNames',
          'computePlan',
          'machine',
        ],
        ...['decodeImage', 'allocate', 'isAllocated'],
        ...(onPhone ? [] : ['EnergyMeter', 'openEnergyMeter']),
      ].sort(),
    )
  })
})
