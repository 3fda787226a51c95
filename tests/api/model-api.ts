import { expect, it } from 'vitest'
import { callersMemory } from './callers-memory.ts'
import { describing } from './describing.ts'
import { ending } from './ending.ts'
import { giving } from './giving.ts'
import { type ApiHost, models, withModel } from './host.ts'
import { loading } from './loading.ts'
import { several } from './several.ts'
import { states } from './states.ts'
import { taking } from './taking.ts'
import { timing } from './timing.ts'

/** Tests of all that `Model` promises whatever the backend: the same ones run over Core ML, its stand-in and the portable backend. */
export function testModelApi(host: ApiHost): void {
  it(`the backend is ${host.backend}`, async () => {
    await withModel(host, models.lstm, async ({ backend }) => expect(backend).toBe(host.backend))
  })
  for (const part of [loading, describing, taking, giving, callersMemory, several, timing, states, ending]) part(host)
}
