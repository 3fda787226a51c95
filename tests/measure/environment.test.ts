import { describe, expect, test } from 'vitest'
import { disturbance, machineCpuMilliseconds, readEnvironment } from '../../src/measure/protocol/environment.ts'
import { environment } from '../../src/measure/result.ts'

describe('environment', () => {
  test('what is recorded has the form of the result', async () => {
    const now = await readEnvironment(null, performance.now())
    expect(environment.parse(now)).toEqual(now)
    expect(now.thermalState).toHaveProperty('unavailable')
    const told = await readEnvironment({ thermalState: { value: 'fair' }, lowPowerMode: { value: true } }, 0)
    expect(told).toMatchObject({ thermalState: { value: 'fair' }, lowPowerMode: { value: true } })
  })

  test('the machine’s CPU time grows by what a busy loop uses', () => {
    const before = machineCpuMilliseconds()
    const start = performance.now()
    while (performance.now() - start < 300);
    // The system counts in ticks of 10 ms.
    expect(machineCpuMilliseconds() - before).toBeGreaterThan(150)
  })

  test('a change of state and other work are told, in this order', async () => {
    const calm = await readEnvironment({ thermalState: { value: 'nominal' }, lowPowerMode: { value: false } }, 0)
    expect(disturbance(calm, calm, 0.1, 0.25, 4)).toBeNull()
    expect(disturbance(calm, calm, 1.2, 0.25, 4)).toBe('other processes kept 1.2 of 4 cores busy')
    expect(disturbance(calm, { ...calm, lowPowerMode: { value: true } }, 3, 0.25, 4)).toBe('low-power mode changed from false to true')
    const plugged = { ...calm, powerSource: { value: 'mains' as const } }
    expect(disturbance(plugged, { ...plugged, powerSource: { value: 'battery' } }, 0, 0.25, 4)).toBe(
      'power source changed from mains to battery',
    )
    const hot = { ...calm, thermalState: { value: 'serious' as const } }
    expect(disturbance(hot, hot, 0, 0.25, 4)).toBe('thermal state is serious')
  })
})
