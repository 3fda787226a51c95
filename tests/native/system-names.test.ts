import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compareHeader } from '../../scripts/apple-names/compare.mjs'
import { readHeader } from '../../scripts/apple-names/declarations.mjs'
import { fetchedBindings } from '../../scripts/apple-names/fetch.mjs'
import { readSystem } from '../../scripts/apple-names/system.mjs'

/** What native/ uses of macOS below the frameworks: quality of service, and the entries of sysctl, whose names no compiler checks. */

const folder = fetchedBindings()
const skipNote = folder ? '' : ' (skipped: the bindings were not fetched; apt-get install cargo-web, then npm test)'

/** Not in the crate, each with where Apple declares it. */
const unverifiable = new Map([['qos_class_self', '<sys/qos.h>: https://github.com/apple-oss-distributions/libpthread']])

const xnu = 'https://github.com/apple-oss-distributions/xnu/blob/main'

/** Strings that no binding has: each with where Apple documents or defines it. A wrong one would leave its value empty on a Mac, without an error. */
const sysctls = new Map([
  ['hw.machine', `${xnu}/bsd/kern/kern_mib.c`],
  ['hw.memsize', `${xnu}/bsd/kern/kern_mib.c`],
  ['hw.model', `${xnu}/bsd/kern/kern_mib.c`],
  ['hw.perflevel0.physicalcpu', 'https://developer.apple.com/documentation/kernel/1387446-sysctlbyname/determining_system_capabilities'],
  ['hw.perflevel1.physicalcpu', 'https://developer.apple.com/documentation/kernel/1387446-sysctlbyname/determining_system_capabilities'],
  ['kern.osproductversion', `${xnu}/bsd/kern/kern_sysctl.c`],
  ['kern.osversion', `${xnu}/bsd/kern/kern_sysctl.c`],
  ['machdep.cpu.brand_string', `${xnu}/bsd/dev/arm64/sysctl.c`],
  ['sysctl.proc_translated', 'https://developer.apple.com/documentation/apple-silicon/about-the-rosetta-translation-environment'],
])

describe.skipIf(!folder)(`names of macOS below the frameworks${skipNote}`, () => {
  const bindings = folder ? readSystem(folder) : { types: new Map(), functions: new Map(), constants: new Map() }

  test.each([
    ['pthread/qos.h', 'QOS_CLASS_UTILITY'],
    ['sys/sysctl.h', 'sysctlbyname'],
  ])('everything that %s declares is Apple’s', (name, witness) => {
    const declared = readHeader(readFileSync(join('native/standin/include', name), 'utf8'))
    expect([...declared.constants.keys(), ...declared.functions.keys()]).toContain(witness)
    expect(compareHeader(declared, bindings, { unverifiable })).toEqual([])
  })

  test('the comparison sees what is wrong', () => {
    const wrong = readHeader(`
      typedef enum : unsigned int { QOS_CLASS_UTILITY = 0x12, QOS_CLASS_HASTY = 1 } qos_class_t;
      int pthread_set_qos_class_self_np(qos_class_t qosClass);
    `)
    expect(compareHeader(wrong, bindings)).toEqual([
      "QOS_CLASS_UTILITY: 18, Apple's is 17",
      'QOS_CLASS_HASTY: Apple has no such constant',
      "pthread_set_qos_class_self_np: 1 arguments, Apple's has 2",
    ])
  })
})

test('every entry of sysctl that native/ reads is listed with its source', () => {
  const used = ['coreml', 'power', 'napi'].flatMap((folder) =>
    readdirSync(join('native', folder)).flatMap((name) => {
      const text = readFileSync(join('native', folder, name), 'utf8')
      return [...text.matchAll(/sysctl(?:Text|Number|byname)\("([^"]+)"/g)].map((match) => match[1]!)
    }),
  )
  expect([...new Set(used)].sort()).toEqual([...sysctls.keys()].sort())
})
