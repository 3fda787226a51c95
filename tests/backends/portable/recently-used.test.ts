import { expect, test } from 'vitest'
import { RecentlyUsed } from '../../../src/backends/portable/recently-used.ts'

function recorded(most: number) {
  const discarded: string[] = []
  const kept = new RecentlyUsed<string>(most, async (value) => discarded.push(value))
  return { kept, discarded, load: (key: string) => kept.get(key, () => key) }
}

test('what was not used for longest is discarded, and loaded again when it is asked for', async () => {
  const { kept, discarded, load } = recorded(2)
  for (const key of ['a', 'b', 'a', 'c']) expect(await load(key)).toBe(key)
  expect(discarded).toEqual(['b'])
  expect(await Promise.all(kept.values())).toEqual(['a', 'c'])
})

test('one load serves all who ask meanwhile; one that failed is tried again', async () => {
  const { kept } = recorded(2)
  let loads = 0
  const fail = () => {
    loads++
    throw new Error('no luck')
  }
  const both = [kept.get('a', fail), kept.get('a', fail)]
  for (const each of both) await expect(each).rejects.toThrow('no luck')
  expect(loads).toBe(1)
  expect(await kept.get('a', () => 'there')).toBe('there')
})

test('all are discarded at the end, also what is still loading', async () => {
  const { kept, discarded, load } = recorded(4)
  await load('a')
  load('b')
  await kept.clear()
  expect(discarded).toEqual(['a', 'b'])
  expect(kept.values()).toEqual([])
})
