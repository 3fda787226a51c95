/** A reproducible source of random numbers. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number
  /** Standard normal. */
  normal(): number
  /** Uniform integer in [low, high], both included. */
  integer(low: number, high: number): number
  /** The values in random order, as a new array. */
  shuffle<T>(values: readonly T[]): T[]
}

/** A generator (sfc32) whose sequence depends on `seed` alone, on every platform. */
export function seededRandom(seed: number): Random {
  let a = seed >>> 0
  let b = Math.floor(seed / 2 ** 32) >>> 0
  let c = 0x9e3779b9
  let counter = 1
  const next = (): number => {
    const t = (a + b + counter++) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    return t >>> 0
  }
  for (let i = 0; i < 15; i++) next()
  let spare: number | undefined
  const random: Random = {
    uniform: () => (next() * 2 ** 21 + (next() >>> 11)) / 2 ** 53,
    normal() {
      if (spare !== undefined) {
        const value = spare
        spare = undefined
        return value
      }
      const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()))
      const angle = 2 * Math.PI * random.uniform()
      spare = radius * Math.sin(angle)
      return radius * Math.cos(angle)
    },
    integer: (low, high) => low + Math.floor(random.uniform() * (high - low + 1)),
    shuffle(values) {
      const result = [...values]
      for (let i = result.length - 1; i > 0; i--) {
        const j = random.integer(0, i)
        const swap = result[i]!
        result[i] = result[j]!
        result[j] = swap
      }
      return result
    },
  }
  return random
}
